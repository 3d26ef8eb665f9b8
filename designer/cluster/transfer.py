"""Files of jobs on workers that do not see the campaign's folder."""

import time
from collections.abc import Iterable
from pathlib import Path

import distributed

from designer.cluster.files import pack, unpack
from designer.cluster.flight import Flight
from designer.cluster.way import Way
from designer.cluster.worker import folder_of_worker


class Transfer:
    """Sends the files of jobs to workers and copies them back; does nothing where workers share the campaign's folder.

    Args:
        way: How jobs run.
    """

    def __init__(self, way: Way) -> None:
        self._way = way

    def archive(self, folder: Path) -> bytes | None:
        """Return what travels with a submission: the files of the job's folder, or None."""
        if not self._way.transfer:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return pack(folder)

    def receive(self, flight: Flight, files: bytes | None, client: distributed.Client) -> None:
        """Write the files that came with an outcome into the job's folder, and forget the mark of its submission."""
        if files is not None:
            unpack(files, flight.job.folder)
        if self._way.transfer and flight.future is not None:
            distributed.Variable(flight.future.key, client=client).delete()

    def fetch(self, flights: Iterable[Flight], client: distributed.Client) -> None:
        """Copy the files of running jobs, so that their checkpoints outlive their workers."""
        if not self._way.transfer:
            return
        for flight in flights:
            if not flight.begun or time.monotonic() - flight.fetched_at < self._way.fetch_s:
                continue
            flight.fetched_at = time.monotonic()
            if flight.worker is None or flight.folder is None:
                continue
            try:
                answers = client.run(folder_of_worker, flight.folder, workers=[flight.worker], on_error="ignore")
            except (OSError, TimeoutError, ValueError):
                continue  # the worker is gone, which Dask reports by itself
            for data in answers.values():
                if data:
                    unpack(data, flight.job.folder)
