"""Loading dask-jobqueue leaves Ctrl-C as it was."""

import subprocess
import sys

import pytest

# Whatever loads them first: what a library does when it is imported shows in a process of its own only.
SCRIPT = """
import signal, threading
numbers = signal.valid_signals()
before = {number: signal.getsignal(number) for number in numbers}
def load():
    from designer.cluster.jobqueue import job_class
    from designer.config.cluster import CLUSTERS
    classes.extend(job_class(CLUSTERS[kind](listen="127.0.0.1")) for kind in ("slurm", "pbs", "lsf"))
classes = []
if THREAD:
    thread = threading.Thread(target=load)
    thread.start(), thread.join()
else:
    load()
assert [c.__name__ for c in classes] == ["SLURMJob", "PBSJob", "LSFJob"], classes
import designer.cluster.batch, designer.cluster.local, designer.cluster.ssh, designer.cluster.address
changed = [signal.Signals(number).name for number in numbers if signal.getsignal(number) != before[number]]
assert changed == [], changed
"""


@pytest.mark.parametrize("thread", [False, True])
def test_loading_clusters_changes_no_signal(thread: bool) -> None:
    pytest.importorskip("dask_jobqueue", reason="the slurm extra is not installed")
    script = SCRIPT.replace("THREAD", str(thread))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
