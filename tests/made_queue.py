"""Commands called like those of batch systems; a job is a process group of this machine that runs the job script."""

import contextlib
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_SUBMIT = """#!{python}
import os, subprocess, sys, pathlib
folder = pathlib.Path({folder!r})
number = len(list(folder.glob("*.job"))) + 1
script = folder / f"{{number}}.job"
script.write_text(pathlib.Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else sys.stdin.read())
log = open(folder / f"{{number}}.log", "ab")
process = subprocess.Popen(["bash", str(script)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
(folder / f"{{number}}.pid").write_text(str(process.pid))
print({answer!r}.format(number))
"""
_CANCEL = """#!{python}
import os, pathlib, signal, sys
for number in sys.argv[1:]:
    path = pathlib.Path({folder!r}) / f"{{number}}.pid"
    try:
        os.killpg(int(path.read_text()), signal.SIGTERM)
    except ProcessLookupError:
        pass
    path.rename(path.with_suffix(".ended"))
"""
_QUERY = """#!{python}
import pathlib, sys
path = pathlib.Path({folder!r}) / f"{{sys.argv[-1]}}.pid"
alive = path.exists() and pathlib.Path("/proc", path.read_text()).exists()
if alive:
    print({answer!r}.format(sys.argv[-1]))
else:
    sys.exit({gone!r}.format(sys.argv[-1]))
"""
# Command and answer of a submission, command of a cancellation, command and answers of a query.
_SYSTEMS = {
    "slurm": (
        ("sbatch", "Submitted batch job {}"), "scancel",
        ("squeue", "RUNNING None", "slurm_load_jobs error: Invalid job id specified"),
    ),
    "pbs": (
        ("qsub", "{}.server"), "qdel",
        ("qstat", "{}.server  designer-simulation-1  ada  00:00:03 R gpu", "qstat: Unknown Job Id {}.server"),
    ),
    "lsf": (
        ("bsub", "Job <{}> is submitted to default queue <normal>."), "bkill",
        ("bjobs", "RUN", "Job <{}> is not found"),
    ),
}  # fmt: skip


@contextlib.contextmanager
def queue(system: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide the commands of a batch system; yields the folder that holds `NUMBER.job`, `.log` and `.pid` of each job."""
    jobs, commands = folder / "queue", folder / "bin"
    jobs.mkdir(), commands.mkdir()
    (submit, submitted), cancel, (query, running, gone) = _SYSTEMS[system]
    texts = {
        submit: _SUBMIT.format(python=sys.executable, folder=str(jobs), answer=submitted),
        cancel: _CANCEL.format(python=sys.executable, folder=str(jobs)),
        query: _QUERY.format(python=sys.executable, folder=str(jobs), answer=running, gone=gone),
    }
    for name, text in texts.items():
        path = commands / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    patch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    patch.setenv("PYTHONPATH", str(ROOT))
    try:
        yield jobs
    finally:
        for path in jobs.glob("*.pid"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(path.read_text()), signal.SIGKILL)
