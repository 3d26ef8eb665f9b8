"""Output that cannot be written is one line with path, reason and remedy; what is read-only is read."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_stores import make_store

from designer import Campaign
from designer.cli.main import run
from designer.errors import StoreReadOnly
from designer.store import open_store
from designer.store.transactions import transaction
from mdcore.chem.files import replacing_text

pytestmark = [
    pytest.mark.seconds(30),
    pytest.mark.skipif(sys.platform != "linux", reason="devices, mounts and permissions of Linux"),
]


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Path]:
    """A folder to fill; made read-only by `freeze`, in a way that holds for root too."""
    folder = tmp_path / "frozen"
    folder.mkdir()
    yield folder
    if os.geteuid() == 0:
        subprocess.run(["umount", str(folder)], check=False, capture_output=True)
    folder.chmod(0o700)


def freeze(folder: Path) -> None:
    if os.geteuid() == 0:
        for flags in (["--bind", str(folder), str(folder)], ["-o", "remount,bind,ro", str(folder)]):
            if subprocess.run(["mount", *flags], check=False, capture_output=True).returncode:
                pytest.skip("root ignores permissions, and may not mount here")
    else:
        for file in folder.iterdir():
            file.chmod(0o400)
        folder.chmod(0o500)


def one_line(capfd: pytest.CaptureFixture[str], *fragments: str) -> None:
    out, err = capfd.readouterr()
    *progress, err = err.splitlines()
    assert err.startswith("error: ")
    assert len(progress) <= 1
    for fragment in fragments:
        assert fragment in err
    assert out == ""


def test_a_store_that_cannot_be_written_is_read(
    frozen: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = make_store(frozen), make_store(tmp_path / "other", "other")
    units = tmp_path / "units.csv"
    units.write_text("psmiles\n*CCCC*\n")
    freeze(frozen)
    before = sorted(path.name for path in frozen.iterdir())
    assert run(["status", str(store), "--json"]) == 0
    status = json.loads(capfd.readouterr().out)
    assert status["evaluations"]["done"] == 4
    assert status["front"][0]["properties"]["density"]["value"] == 1.12
    assert run(["export", str(store)]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 5
    for command in (
        ["report", str(store), "--out", str(tmp_path / "r.html")],
        ["compare", str(store), str(other), "--out", str(tmp_path / "c.html")],
        ["backup", str(store), str(tmp_path / "copy.sqlite")],
        ["export", str(tmp_path / "copy.sqlite"), "--out", str(tmp_path / "copy.csv")],
        ["predict", str(store), str(units), "--out", str(tmp_path / "p.csv")],
    ):
        assert run(command) == 0, capfd.readouterr().err
    assert (tmp_path / "copy.csv").read_text().count("\n") == 5
    capfd.readouterr()
    # What has to write says so.
    assert run(["report", str(store)]) == 2
    one_line(capfd, str(frozen), "choose another place")
    assert run(["withdraw", str(store), "--evaluation", "1", "--reason", "try"]) == 2
    one_line(capfd, f"{str(store)!r} is read-only", "designer backup")
    monkeypatch.setattr(Campaign, "_ensure_proposer", None)  # refused before the surrogates are made
    assert run(["ask", str(store)]) == 2
    one_line(capfd, f"{str(store)!r} is read-only")
    assert sorted(path.name for path in frozen.iterdir()) == before


def test_what_is_in_the_log_of_a_read_only_store_is_not_left_out(
    frozen: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = make_store(tmp_path / "live")
    engine = open_store(store)
    with transaction(engine) as session:
        session.connection().exec_driver_sql("UPDATE measurement SET value = 2.5 WHERE value = 1.12")
    for name in ("store.sqlite", "store.sqlite-wal"):
        shutil.copy(store.with_name(name), frozen / name)
    engine.dispose()
    freeze(frozen)
    # Without its index, SQLite cannot read the log where it cannot write; the file alone would be wrong.
    assert run(["status", str(frozen / "store.sqlite")]) == 2
    one_line(capfd, "store.sqlite-wal", "copy both files")


def test_a_read_only_engine_refuses_to_write(frozen: Path) -> None:
    store = make_store(frozen)
    freeze(frozen)
    engine = open_store(store)
    with pytest.raises(StoreReadOnly, match="is read-only"), transaction(engine) as session:
        session.connection().exec_driver_sql("DELETE FROM measurement")


@pytest.mark.parametrize("place", ["/proc/x.csv", "FILE/x.csv", "FOLDER", "LONG", "/dev/full"])
def test_a_table_that_cannot_be_written_is_one_line(
    place: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store, units = make_store(tmp_path / "run"), tmp_path / "units.csv"
    units.write_text("psmiles\n*CCCC*\n")
    monomers = tmp_path / "monomers.smi"
    monomers.write_text("C=CC(=O)OC\n")
    (tmp_path / "FOLDER").mkdir()
    out = {"LONG": str(tmp_path / ("x" * 300 + ".csv"))}.get(
        place, place if place.startswith("/") else str(tmp_path / place)
    )
    if place == "FILE/x.csv":
        (tmp_path / "FILE").write_text("here")
    capfd.readouterr()
    words, named = {
        "/proc/x.csv": (("no such", "denied", "cannot be written"), "/proc"),
        "FILE/x.csv": (("not a folder", "cannot be written"), "FILE"),
        "FOLDER": (("folder",), "FOLDER"),
        "LONG": (("name is too long",), "xxxx"),
        "/dev/full": (("disk is full",), "/dev/full"),
    }[place]
    second = make_store(tmp_path / "second", "second")
    for command in (
        ["export", str(store), "--format", "csv", "--out", out],
        ["report", str(store), "--out", out],
        ["compare", str(store), str(second), "--out", out],
        ["predict", str(store), str(units), "--out", out],
        ["enumerate", str(monomers), "--out", out],
        ["ask", str(store), "--out", out],
    ):
        assert run(command) == 2, command
        *progress, err = capfd.readouterr().err.splitlines()
        assert err.startswith("error: "), (command, err)
        assert all("corpus" in line for line in progress), (command, progress)
        assert any(text in err for text in words), (command, err)
        assert named in err, (command, err)
        assert ".part" not in err, (command, err)


def test_a_full_disk_names_the_file_that_was_to_be(frozen: Path) -> None:
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(frozen)], check=False, capture_output=True
    ).returncode:
        pytest.skip("mounting needs root")
    (frozen / "t.csv").write_text("old")
    with pytest.raises(OSError, match="No space left") as caught, replacing_text(frozen / "t.csv") as stream:
        stream.write("x" * 200_000)
    assert caught.value.filename == str(frozen / "t.csv")
    assert (frozen / "t.csv").read_text() == "old"
    assert [path.name for path in frozen.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
@pytest.mark.parametrize("command", ["export STORE", "schema", "--help", "status STORE --json"])
def test_standard_output_that_takes_nothing_is_one_line(command: str, redirection: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    line = f"{sys.executable} -m designer {command.replace('STORE', str(store))} {redirection}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, cwd=tmp_path)
    words = "is closed" if "&-" in redirection else "the disk is full"
    assert done.stderr.startswith("error: standard output")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


def test_a_closed_standard_error_changes_nothing(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    for arguments, status in ((f"export {store}", 0), ("export absent", 2)):
        line = f"{sys.executable} -m designer {arguments} 2>&-"
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == status
        assert done.stdout.count("\n") == (5 if status == 0 else 0)


def test_names_that_are_no_utf8_are_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = make_store(tmp_path / "run")
    out = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    assert run(["export", str(store), "--out", out]) == 0
    assert "caf\\udce9.csv" in capfd.readouterr().out
