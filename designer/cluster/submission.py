"""Submission of jobs to a Dask scheduler, and collection of what they return."""

import asyncio
import concurrent.futures
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import distributed

from designer.cluster.base import CalculationJob
from designer.cluster.connection import Connection
from designer.cluster.flight import Flight
from designer.cluster.transfer import Transfer
from designer.cluster.way import Way
from designer.cluster.worker import Work, calculation_task, dask_task, payload, started
from designer.machine import program_version

Returned = Callable[[int, int, "distributed.Future[Any]", Sequence[Any]], None]
"""Called from threads of Dask when a task has ended: evaluation, number of the submission, its future, and what it returned."""


class Submission:
    """Submits the present step of jobs.

    Args:
        connection: The scheduler.
        way: How jobs run.
        transfer: Their files.
        returned: Called for every task that has ended.
    """

    def __init__(self, connection: Connection, way: Way, transfer: Transfer, returned: Returned) -> None:
        self._connection, self._way, self._transfer, self._returned = connection, way, transfer, returned
        self._numbers = itertools.count(1)
        self._version = program_version()
        self._refused: set[str] = set()
        self._beside: set[distributed.Future[str | None]] = set()
        self._closed = False

    def launch(self, flight: Flight) -> None:
        """Submit the present step of a job."""
        job, step, way = flight.job, self._way.steps[flight.step], self._way
        flight.run, flight.begun, flight.advanced, flight.worker = next(self._numbers), False, False, None
        number, flight.started = flight.run, started(job.folder)
        files = self._transfer.archive(job.folder)
        work = payload(Work(job, step.function, number, files, flight.started, way.scratch))
        future = self._connection.client.submit(
            dask_task,
            self._version,
            work,
            key=f"{job.label}-{step.name}-{job.evaluation_id}-{number}-{time.monotonic_ns()}",
            pure=False,
            workers=self._workers(),
            resources={step.resource: 1} if way.resources else None,
            # Later steps first: a job that is nearly done frees its slot.
            priority=flight.step,
        )
        flight.future = future
        future.add_done_callback(lambda done: self._collect(job.evaluation_id, number, done))

    def launch_calculation(self, job: CalculationJob) -> None:
        """Submit a piece of a calculation to the workers that analyse; a simulation that needs it first computes it itself.

        Where workers do not see the campaign's folder, it is left to the analysis.
        """
        if self._way.transfer:
            return
        last = self._way.steps[-1].resource
        future = self._connection.client.submit(
            calculation_task,
            job,
            key=f"{job.label}-{job.calculation}-{time.monotonic_ns()}",
            pure=False,
            resources={last: 1} if self._way.resources else None,
        )
        self._beside.add(future)
        future.add_done_callback(self._beside.discard)

    def refuse(self, worker: str) -> None:
        """Exclude a worker from further submissions; it is not stopped, since it may serve other clients of its scheduler."""
        self._refused.add(worker)

    def close(self) -> None:
        """Fetch no more results."""
        self._closed = True
        self._beside.clear()

    def _workers(self) -> list[str] | None:
        """Return the workers that may be used; None for all of them."""
        if not self._refused:
            return None
        return sorted(set(self._connection.client.scheduler_info(n_workers=-1)["workers"]) - self._refused) or None

    def _collect(self, evaluation_id: int, number: int, future: "distributed.Future[Any]") -> None:
        """Fetch what a task returned, and hand it on when it is here.

        A worker may be lost together with the result. Dask then repeats the task, for which it may need a worker that only
        `DaskCluster.messages` requests: that method must not wait for the result.
        """

        def heard(results: Sequence[Any]) -> None:
            self._returned(evaluation_id, number, future, results)

        def fetched(fetching: "concurrent.futures.Future[list[Any]]") -> None:
            lost = fetching.cancelled() or fetching.exception() is not None
            heard([] if lost else fetching.result())

        if future.status != "finished" or self._closed:
            heard([])
            return
        fetch = future.client.gather([future], errors="skip", asynchronous=True)
        try:
            fetching = asyncio.run_coroutine_threadsafe(fetch, future.client.loop.asyncio_loop)
        except RuntimeError:  # the connection is being closed
            fetch.close()
            heard([])
        else:
            fetching.add_done_callback(fetched)
