"""Files that appear whole or not at all."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdcore.chem.files import replacing, replacing_path, replacing_text, sync_folder, write_whole

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and locks of POSIX")


@pytest.fixture
def umask() -> Iterator[None]:
    """Restore the umask."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with replacing_text(path, newline="") as stream:
        stream.write("new\r\nµ")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == "new\r\nµ".encode()
    with replacing(path) as binary:
        binary.write(b"third")
    assert path.read_bytes() == b"third"
    write_whole(path, "fourth")
    with replacing_path(path) as part:
        assert part.parent == tmp_path
        part.write_bytes(path.read_bytes() + b" and fifth")
    assert path.read_bytes() == b"fourth and fifth"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("reason", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, reason: type[BaseException]) -> None:
    path = tmp_path / "kept"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as stream:
            stream.write(b"half")
            raise reason

    with pytest.raises(reason):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(
    ("mask", "before", "after"),
    [(0o022, None, 0o644), (0o077, None, 0o600), (0o002, None, 0o664), (0o077, 0o644, 0o600), (0o022, 0o600, 0o600)],
)
def test_a_private_file_stays_private(tmp_path: Path, mask: int, before: int | None, after: int) -> None:
    path = tmp_path / "report.html"
    if before is not None:
        path.write_text("old")
        path.chmod(before)
    os.umask(mask)
    with replacing_path(path) as part:
        assert mode_of(part) == 0o666 & ~mask & (0o666 if before is None else before | 0o600)
        part.write_text("new")
    assert (mode_of(path), path.read_text()) == (after, "new")


@posix
def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "real")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "real").read_text() == "new"
    assert len(list((tmp_path / "far").iterdir())) == 1


@posix
def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, "through")
    reader.join()
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, "text")
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "file", "text")


KILLED = """
import os, signal, sys
from mdcore.chem.files import replacing
with replacing(sys.argv[1]) as stream:
    stream.write(b"half")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@posix
def test_what_a_killed_process_left_goes_with_the_next_write_and_what_another_writes_stays(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "report.html")], check=False)
    assert done.returncode == -9
    left = [entry.name for entry in tmp_path.iterdir()]
    assert len(left) == 1
    assert left[0].endswith(".part")
    (tmp_path / "mine.part").write_text("of the user")
    with replacing(tmp_path / "first") as first:
        first.write(b"1")
        with replacing(tmp_path / "second") as second:
            second.write(b"2")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["first", "mine.part", "second"]


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path: Path) -> None:
    path, size = tmp_path / "shared", 50_000

    def write(letter: str) -> None:
        for _ in range(20):
            write_whole(path, letter * size)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = path.read_text()
    assert text in {letter * size for letter in "abcd"}
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_file_and_folder_are_synchronised_in_the_right_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, told = tmp_path / "durable", []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        told.append((kind, os.fstat(descriptor).st_size if kind == "file" else None, path.exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(path, "four")
    assert told == [("file", 4, False), ("folder", None, True)]
    sync_folder(tmp_path)
    assert told[-1] == ("folder", None, True)


@posix
@pytest.mark.usefixtures("umask")
def test_what_replaces_a_private_file_is_private_from_its_first_byte_on(tmp_path: Path) -> None:
    path = tmp_path / "private"
    for mode in (0o600, 0o400):
        path.touch()
        path.chmod(mode)
        with replacing(path) as stream:
            stream.write(b"secret")
            stream.flush()
            (part,) = tmp_path.glob("*.part")
            assert mode_of(part) == 0o600
        assert mode_of(path) == mode


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can act as another user")
@pytest.mark.parametrize("trap", ["link", "pipe"])
def test_a_trap_of_another_user_among_temporary_files_is_refused(tmp_path: Path, trap: str) -> None:
    public, victim = tmp_path / "public", tmp_path / "authorized_keys"
    public.mkdir()
    public.chmod(0o1777)
    victim.write_text("mine")
    path = public / "report.html"
    path.symlink_to(victim) if trap == "link" else os.mkfifo(path)
    os.chown(path, 65534, 65534, follow_symlinks=False)
    with pytest.raises(PermissionError, match="of user 65534 in a world-writable folder") as refusal:
        write_whole(path, "report")
    assert refusal.value.filename == str(path)
    assert victim.read_text() == "mine"
    assert [entry.name for entry in public.iterdir()] == ["report.html"]
    from designer.cli.system_errors import system_error_text

    what = "symbolic link" if trap == "link" else "pipe or device"
    assert f"{path}: a {what} of user 65534 in a world-writable folder; check the permissions" in system_error_text(
        refusal.value
    )
    # One of one's own, and one in a folder of one's own, are followed.
    os.chown(path, 0, 0, follow_symlinks=False)
    if trap == "link":
        write_whole(path, "report")
        assert victim.read_text() == "report"
        os.chown(path, 65534, 65534, follow_symlinks=False)
        public.chmod(0o755)
        write_whole(path, "again")
        assert victim.read_text() == "again"
