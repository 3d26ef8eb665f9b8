"""Errors of the operating system in one line: the path, the reason and the remedy."""

import errno
import os

_ANOTHER_PLACE = "choose another place"
_REMEDIES = {
    errno.EACCES: (
        "permission denied",
        "check the permissions of the file and its folder, or choose another place",
    ),
    errno.EPERM: ("not permitted", "check the permissions of the file and its folder, or choose another place"),
    errno.EROFS: ("the file system is read-only", _ANOTHER_PLACE),
    errno.ENOENT: ("no such file or folder", "check the path, and create its folder first"),
    errno.EISDIR: ("it is a folder", "give the path of a file"),
    errno.ENOTDIR: ("part of the path is a file, not a folder", "give a path in a folder"),
    errno.EEXIST: ("it exists and is not a folder", "remove it, or choose another place"),
    errno.ENOSPC: ("the disk is full", "free some space, or choose another place"),
    errno.EDQUOT: ("your disk quota is used up", "free some space, or choose another place"),
    errno.EFBIG: ("the file would become too large", "raise the limit (ulimit -f), or choose another place"),
    errno.ENAMETOOLONG: ("the name is too long", "shorten it"),
    errno.ELOOP: ("its symbolic links form a loop", "give the path of the file itself"),
    errno.EMFILE: ("too many open files", "raise the limit (ulimit -n)"),
    errno.EIO: ("the device reports an error", "check the disk, or choose another place"),
    errno.EADDRINUSE: ("the port is in use", "choose another port"),
    errno.ETXTBSY: ("a program runs from this file", _ANOTHER_PLACE),
}
_OTHER = "check the path and the device it is on"


def system_error_text(error: OSError) -> str:
    """Return one line about an error of the operating system, `PATH: reason; remedy`."""
    reason, remedy = _REMEDIES.get(error.errno or 0, (error.strerror or str(error) or type(error).__name__, _OTHER))
    if error.errno and error.strerror and error.strerror != os.strerror(error.errno):
        reason = error.strerror  # ours, which says more
    # With two paths, as in a rename, the second one is the target.
    path = error.filename2 or error.filename
    name = "" if path is None else f"{path.decode(errors='replace') if isinstance(path, bytes) else path}: "
    return " ".join(f"{name}{reason}; {remedy}".split())
