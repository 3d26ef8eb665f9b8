"""Where a worker without the campaign's disk works on a job."""

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
    """Return the folder of a job, the same at every attempt on this host, in one that no other user can enter.

    Args:
        job: The simulation.
        scratch: The setting `cluster.scratch`; the folder of temporary files by default, where every user can make folders.

    Raises:
        UnsafeFolder: Another user made the folder, or can write in it.
        OSError: It cannot be made.
    """
    own = hashlib.sha256(str(job.folder).encode()).hexdigest()[:12]
    return user_folder(scratch) / f"{job.label}-{own}"


def user_folder(scratch: str | None = None) -> Path:
    """Return this user's private folder in `scratch`, by default in the folder of temporary files.

    Raises:
        UnsafeFolder: Another user made the folder, or can write in it.
        OSError: It cannot be made.
    """
    root = Path(scratch or tempfile.gettempdir())
    # The folder of temporary files is the user's own on Windows.
    return root / "designer" if sys.platform == "win32" else private_folder(root / f"designer-{os.getuid()}")


def private_folder(path: Path) -> Path:
    """Make a folder that only this user can enter, or make sure that an older one is such.

    Files in a folder of somebody else could be read and exchanged: simulations would go on from what that user wrote.

    Raises:
        UnsafeFolder: It is no folder, a symbolic link, of another user, others can write in it, or every user could put
            another folder in its place.
        OSError: It cannot be made.
    """
    path = path.absolute()
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o755, exist_ok=True)  # not to be written by everybody, whatever the umask
    if (exchangeable := _exchangeable(path.parent)) is not None:
        raise UnsafeFolder(
            f"scratch folder {path} can be exchanged by other users, since {exchangeable}; set cluster.scratch to a folder of your own"
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
        raise UnsafeFolder(
            f"scratch folder {path} {problem}; remove it, or set cluster.scratch to a folder of your own"
        )
    path.chmod(0o700)  # nothing happens to a folder that is private already; earlier versions made it readable
    return path


def _exchangeable(folder: Path) -> str | None:
    """Return why every user could put another folder in the place of one inside `folder`; None if nobody but trusted ones can.

    Trusted are this user, root, and whomever they let write in a folder above; not trusted is what may have been made by
    everybody, in a folder where all users can write, as that of temporary files.
    """
    trusted = (0, os.getuid())
    way, here, links = list(reversed(folder.parts[1:])), Path(folder.anchor), 0
    while True:
        found = here.stat()
        public = bool(found.st_mode & stat.S_IWOTH)
        if public and not found.st_mode & stat.S_ISVTX:
            return f"everybody can rename what is in {here} (mode {stat.S_IMODE(found.st_mode):04o})"
        if public and found.st_uid not in trusted:
            return f"everybody can write in {here}, which belongs to user {found.st_uid}"
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
