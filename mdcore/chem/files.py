"""Atomic and durable writing of files."""

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

_PART = re.compile(r"\.polymer-designer-[0-9a-f]{16}\.part")
_ABANDONED_S = 86_400.0
"""Age in s after which a temporary file is treated as left by a killed process, on file systems without locks."""
CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EINVAL, errno.EPERM, errno.EBADF)
"""errno values of operations on an open file, which the operating system raises without a file name."""
_CANNOT_SYNC_FOLDERS = (errno.EINVAL, errno.ENOTSUP)


def write_whole(path: Path | str, data: bytes | str) -> None:
    """Write a file atomically; text is encoded as UTF-8 with line ends unchanged. See `replacing_path`."""
    with replacing(path) as stream:
        stream.write(data.encode() if isinstance(data, str) else data)


@contextmanager
def replacing(path: Path | str) -> Iterator[BinaryIO]:
    """Yield a binary stream whose content replaces the file when the block ends without an exception; see `replacing_path`."""
    with replacing_path(path) as part, part.open("wb") as stream:
        yield stream


@contextmanager
def replacing_text(path: Path | str, newline: str | None = None) -> Iterator[TextIO]:
    """Yield a UTF-8 stream whose content replaces the file when the block ends without an exception; see `replacing_path`.

    Args:
        path: The file.
        newline: As in `open`; "" for the `csv` module.
    """
    with replacing_path(path) as part, part.open("w", encoding="utf-8", newline=newline) as stream:
        yield stream


@contextmanager
def replacing_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary file in the folder of `path` that replaces it when the block ends without an exception.

    Use it for libraries that write to a path; pass them the format explicitly, because the temporary name ends in `.part`.

    The new file gets the permissions allowed by the umask, restricted to those of the file that it replaces. The file and its
    folder are synchronised to disk before the block is left. After an exception or interrupt, `path` is unchanged and the temporary
    file is removed; files left by a killed process are removed by the next process that writes to the folder. Symbolic links are
    followed. Anything but a regular file, such as a pipe or `/dev/stdout`, is written to directly. Links and pipes owned by another
    user in a world-writable folder, such as the folder for temporary files, are refused.

    Raises:
        IsADirectoryError: `path` is a folder.
        PermissionError: Another user's link or pipe is in the way.
        OSError: The folder does not exist or cannot be written, or the disk is full; its `filename` is `path`.
    """
    part: Path | None = None
    try:
        with _replacing_path(Path(path)) as part:
            yield part
    except OSError as error:
        temporary = part is not None and error.filename == str(part)
        if temporary or _PART.search(str(error.filename)) or (error.filename is None and error.errno in CANNOT_WRITE):
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def _replacing_path(path: Path) -> Iterator[Path]:
    _refuse_trap(path)
    mode = 0o666
    with suppress(FileNotFoundError):
        found = path.stat().st_mode
        if stat.S_ISDIR(found):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found):
            yield path
            return
        # The new file is never more accessible than the file that it replaces.
        mode &= found | stat.S_IRUSR | stat.S_IWUSR
    path = path.resolve()
    _sweep(path.parent)
    part, held = _new_part(path.parent, mode)
    try:
        yield part
        _settle(part, path)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        if held is not None:
            os.close(held)
    sync_folder(path.parent)


def _refuse_trap(path: Path) -> None:
    """Refuse another user's link or pipe in a world-writable folder; not every Linux system does so (`fs.protected_symlinks`)."""
    if sys.platform == "win32":
        return
    try:
        found, folder = path.lstat(), path.parent.stat()
    except OSError:
        return  # missing, or writing will raise the error
    public = folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH
    plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    if public and not plain and found.st_uid not in (os.getuid(), folder.st_uid):
        what = "symbolic link" if stat.S_ISLNK(found.st_mode) else "pipe or device"
        raise PermissionError(errno.EACCES, f"a {what} of user {found.st_uid} in a world-writable folder", str(path))


def sync_folder(folder: Path) -> None:
    """Synchronise a folder to disk, so that creations, renames and removals in it survive a power failure.

    Does nothing on Windows and on network file systems that do not support it.
    """
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC_FOLDERS:
            raise
    finally:
        os.close(descriptor)


def _new_part(folder: Path, mode: int) -> tuple[Path, int | None]:
    """Create a temporary file; the descriptor holds a lock on it until this process ends."""
    while True:
        part = folder / f".polymer-designer-{secrets.token_hex(8)}.part"
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        if sys.platform == "win32":
            os.close(descriptor)  # an open file cannot be renamed there
            return part, None
        import fcntl

        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return part, descriptor
        os.close(descriptor)  # removed by another process before it was locked


def _settle(part: Path, replaced: Path) -> None:
    """Set the permissions of the new file and synchronise it to disk."""
    with part.open("r+b") as stream:  # Windows only synchronises files open for writing
        with suppress(FileNotFoundError):
            allowed = stat.S_IMODE(replaced.stat().st_mode)
            part.chmod(stat.S_IMODE(part.stat().st_mode) & allowed)
        os.fsync(stream.fileno())


def _sweep(folder: Path) -> None:
    """Remove the temporary files of processes that were killed."""
    found: list[Path] = []
    with suppress(PermissionError), os.scandir(folder) as entries:  # a folder may be writable and not readable
        found = [Path(entry.path) for entry in entries if _PART.fullmatch(entry.name)]
    for part in found:
        with suppress(OSError):  # already removed, or owned by another user
            _remove_if_abandoned(part)


def _remove_if_abandoned(part: Path) -> None:
    if sys.platform == "win32":
        if _is_old(part):
            part.unlink()
        return
    import fcntl

    descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # its writer is running
        except OSError:
            if not _is_old(part):
                return
        part.unlink()
    finally:
        os.close(descriptor)


def _is_old(part: Path) -> bool:
    return time.time() - part.stat().st_mtime > _ABANDONED_S
