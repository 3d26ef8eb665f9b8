"""The working folder of a job on workers that do not share the campaign's folder."""

import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from designer.errors import UnsafeFolder

if TYPE_CHECKING:
    from designer.cluster.job import Job

_MOST_LINKS = 40


def scratch_folder(job: "Job", scratch: str | None) -> Path:
    """Return the folder of a job, the same in every attempt on this host, inside a private folder.

    Args:
        job: The simulation.
        scratch: The setting `cluster.scratch`; the folder for temporary files by default.

    Raises:
        UnsafeFolder: Another user owns the folder or can write to it.
        OSError: It cannot be created.
    """
    own = hashlib.sha256(str(job.folder).encode()).hexdigest()[:12]
    return user_folder(scratch) / f"{job.label}-{own}"


def user_folder(scratch: str | None = None) -> Path:
    """Return this user's private folder in `scratch`, by default in the folder of temporary files.

    Raises:
        UnsafeFolder: Another user owns the folder or can write to it.
        OSError: It cannot be created.
    """
    root = Path(scratch or tempfile.gettempdir())
    # The folder of temporary files is the user's own on Windows.
    return root / "designer" if sys.platform == "win32" else private_folder(root / f"designer-{os.getuid()}")


def private_folder(path: Path) -> Path:
    """Create a folder that only this user can access, or check that an existing one is.

    Files in a folder of another user could be read and replaced, so that simulations would resume from manipulated files.

    Raises:
        UnsafeFolder: It is not a folder, is a symbolic link, belongs to another user, is writable by others, or could be replaced by them.
        OSError: It cannot be created.
    """
    path = path.absolute()
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o755, exist_ok=True)  # not to be written by everybody, whatever the umask
    if (exchangeable := _exchangeable(path.parent)) is not None:
        raise UnsafeFolder(
            f"scratch folder {path} could be replaced by other users, since {exchangeable}; set cluster.scratch to a private folder"
        )
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    problem = None
    if stat.S_ISLNK(found.st_mode):
        problem = "is a symbolic link"
    elif not stat.S_ISDIR(found.st_mode):
        problem = "is a file"
    elif found.st_uid != os.getuid():
        problem = f"belongs to user {found.st_uid}, not to {os.getuid()}"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        problem = f"can be written by others (mode {stat.S_IMODE(found.st_mode):04o})"
    if problem is not None:
        raise UnsafeFolder(f"scratch folder {path} {problem}; remove it, or set cluster.scratch to a private folder")
    path.chmod(0o700)  # nothing happens to a folder that is private already; earlier versions made it readable
    return path


def _exchangeable(folder: Path) -> str | None:
    """Return why other users could replace a folder inside `folder`; None if only trusted users can.

    Trusted are this user, root and the users to whom they gave write access to a parent folder. Folders in a world-writable folder, such
    as that for temporary files, are not trusted unless they belong to one of them.
    """
    trusted = (0, os.getuid())
    way, here, links = list(reversed(folder.parts[1:])), Path(folder.anchor), 0
    while True:
        found = here.stat()
        public = bool(found.st_mode & stat.S_IWOTH)
        if public and not found.st_mode & stat.S_ISVTX:
            return f"everybody can rename files in {here} (mode {stat.S_IMODE(found.st_mode):04o})"
        if public and found.st_uid not in trusted:
            return f"everybody can write to {here}, which belongs to user {found.st_uid}"
        if not way:
            return None
        below = here / way.pop()
        entry = below.lstat()
        if public and entry.st_uid not in trusted:
            return f"{below} belongs to user {entry.st_uid}"
        if stat.S_ISLNK(entry.st_mode) and links < _MOST_LINKS:
            links += 1
            target = below.readlink()
            way += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            here = Path(target.anchor) if target.is_absolute() else here
        else:
            here = below
