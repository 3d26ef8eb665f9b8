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
        UnsafeFolder: It is no folder, a symbolic link, of another user, or others can write in it.
        OSError: It cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
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
