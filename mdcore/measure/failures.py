"""Kinds of failure, and the record of a run that failed beside a finished one."""

from pathlib import Path

from mdcore.chem.errors import (
    BuildError,
    DamagedFile,
    NotConverged,
    NotDetermined,
    NotRecorded,
    SimulationExploded,
    UnparameterisableError,
)
from mdcore.chem.records import Failure
from mdcore.chem.sealed import read_sealed, write_sealed
from mdcore.optics import OpticsFailed, UnknownEnvironment

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (UnparameterisableError, "unparameterisable"),
    (UnknownEnvironment, "unparameterisable"),
    (BuildError, "build"),
    (SimulationExploded, "exploded"),
    (NotConverged, "unconverged"),
    (NotDetermined, "unconverged"),
    (NotRecorded, "unconverged"),
    (OpticsFailed, "unconverged"),
)

FAILURES: tuple[type[Exception], ...] = tuple(error for error, _ in _KINDS)
"""Exceptions caused by the substance; all others are infrastructure failures or bugs."""


def failure_kind(error: Exception) -> str:
    """Return the kind of failure of an exception of `FAILURES`."""
    return next(name for cause, name in _KINDS if isinstance(error, cause))


def write_failed_run(folder: Path, content_hash: str, failure: Failure) -> None:
    """Record in the folder of a run that it failed, so that another process does not repeat it.

    Args:
        folder: Folder of the run.
        content_hash: Hash of its bundle.
        failure: What happened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_sealed(
        folder / "failure.json", {"content_hash": content_hash, "kind": failure.kind, "message": failure.message}
    )


def failed_run(folder: Path, content_hash: str) -> Failure | None:
    """Return the recorded failure of a run of this bundle, or None; a damaged record counts as none.

    Args:
        folder: Folder of the run.
        content_hash: Hash of its bundle.
    """
    try:
        document = read_sealed(folder / "failure.json")
        return Failure(document["kind"], document["message"]) if document["content_hash"] == content_hash else None
    except (DamagedFile, KeyError):
        return None
