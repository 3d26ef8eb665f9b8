"""The job classes of dask-jobqueue."""

import importlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from designer.config.cluster import QueueSettings
from designer.errors import MissingPart


def job_class(settings: QueueSettings) -> Any:
    """Return the class whose instances are jobs of the batch system of a kind of cluster.

    Raises:
        MissingPart: dask-jobqueue is not installed.
    """
    module, _, name = settings.system.job.partition(":")
    try:
        with _signals_kept():
            found = importlib.import_module(module)
    except ImportError as error:
        raise MissingPart(
            f"cluster.kind {settings.kind} needs dask-jobqueue; pip install 'polymer-designer[slurm]'"
        ) from error
    return getattr(found, name)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the signal handlers.

    On import, dask-jobqueue installs a SIGINT handler that ends the process silently with exit status 0, meant for programs inside a batch
    job; outside the main thread, the import fails because of it.
    """
    with mock.patch.object(signal, "signal", lambda number, handler: signal.getsignal(number)):
        yield
