"""The job classes of dask-jobqueue."""

import importlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from designer.errors import MissingPart

_CLASSES = {"slurm": "SLURMJob", "pbs": "PBSJob", "lsf": "LSFJob"}


def job_class(kind: str) -> Any:
    """Return the class whose instances are jobs of a batch system.

    Args:
        kind: `slurm`, `pbs` or `lsf`.

    Raises:
        MissingPart: dask-jobqueue is not installed.
    """
    try:
        with _signals_kept():
            module = importlib.import_module(f"dask_jobqueue.{kind}")
    except ImportError as error:
        raise MissingPart(
            "cluster.kind slurm, pbs and lsf need dask-jobqueue; pip install 'polymer-designer[slurm]'"
        ) from error
    return getattr(module, _CLASSES[kind])


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the signal handlers.

    On import, dask-jobqueue installs a SIGINT handler that ends the process silently with exit status 0, meant for programs inside a batch
    job; outside the main thread, the import fails because of it.
    """
    with mock.patch.object(signal, "signal", lambda number, handler: signal.getsignal(number)):
        yield
