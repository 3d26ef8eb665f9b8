"""Preload of the workers on this machine: Ctrl-C reaches the whole process group, but only the campaign acts on it and ends its workers."""

import signal

import distributed


def dask_setup(worker: distributed.Worker) -> None:
    """Ignore SIGINT; Dask calls this in the main thread of each worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
