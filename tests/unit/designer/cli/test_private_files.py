"""What commands write: private where the umask says so, whole, and without leftovers of killed ones."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_stores import make_store

from designer.cli.main import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")

MONOMERS = "C=CC(=O)OC\nC=Cc1ccccc1\n"


@pytest.fixture
def private() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def readable(folder: Path) -> dict[str, str]:
    """Return the files that anybody but their owner may read or write, with their modes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    return {name: f"{mode:04o}" for name, mode in found.items() if mode & 0o077}


@pytest.mark.usefixtures("private")
def test_files_made_under_a_private_umask_are_private(tmp_path: Path) -> None:
    store = str(make_store(tmp_path / "run"))
    out = tmp_path / "out"
    out.mkdir()
    assert run(["report", store]) == 0
    assert run(["report", store, "--out", str(out / "report.html"), "--plots", str(out / "plots")]) == 0
    for form in ("csv", "json", "parquet"):
        assert run(["export", store, "--out", str(out / f"data.{form}")]) == 0
    (out / "monomers.smi").write_text(MONOMERS)
    assert run(["enumerate", str(out / "monomers.smi"), "--out", str(out / "units.csv")]) == 0
    assert (tmp_path / "run" / "report.html").exists()
    assert len(list((out / "plots").iterdir())) >= 1
    assert readable(tmp_path) == {}
    # A file that was made private stays so when it is written again under another umask; a new one follows the umask.
    os.umask(0o022)
    assert run(["export", store, "--out", str(out / "data.csv")]) == 0
    assert readable(tmp_path) == {}
    assert run(["export", store, "--out", str(out / "public.csv")]) == 0
    assert readable(tmp_path) == {"public.csv": "0644"}


KILLED = """
import os, pathlib, signal, sys
from designer.cli.main import run
pathlib.Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
run(["report", sys.argv[1]])
"""


def test_a_killed_report_leaves_the_old_one_and_the_next_removes_its_leftovers(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    assert run(["report", str(store)]) == 0
    page = store.parent / "report.html"
    old, names = page.stat().st_mtime_ns, {path.name for path in store.parent.iterdir()}
    done = subprocess.run([sys.executable, "-c", KILLED, str(store)], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    left = {path.name for path in store.parent.iterdir()} - names - {"store.sqlite-wal", "store.sqlite-shm"}
    assert len(left) == 1  # the kill was in the middle of it
    assert page.stat().st_mtime_ns == old
    assert run(["report", str(store)]) == 0
    assert page.stat().st_mtime_ns > old
    assert not {path.name for path in store.parent.iterdir()} & left


def test_copies_of_a_private_store_are_private(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    store.chmod(0o600)
    before = os.umask(0o022)
    try:
        assert run(["backup", str(store), str(tmp_path / "copy.sqlite")]) == 0
        store.chmod(0o640)
        assert run(["backup", str(store), str(tmp_path / "shared.sqlite")]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "copy.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shared.sqlite").stat().st_mode) == 0o640
