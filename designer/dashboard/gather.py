"""Computation of views from a store and from the progress of workers."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import numpy as np

from designer.analysis.cost import Cost, cost_of
from designer.analysis.front import within
from designer.analysis.growth import FrontGrowth
from designer.config.campaign import CampaignConfig
from designer.dashboard.view import FailedItem, RunningItem, View, WaitingItem
from designer.redact import without_secrets
from designer.report.points import Point, point_of
from designer.store.changes import Changes
from designer.store.ownership import is_running
from designer.store.records import EvaluationRecord
from designer.store.routes import route_text, stored_routes
from designer.store.store import CampaignStore
from designer.store.substances import structures_of_record
from generators import Route
from mdcore.measure import Progress
from surrogates import pareto_mask

MAX_POINTS = 2000
"""Maximum number of measured polymers in the plots, the latest ones; the front is complete."""
MAX_FAILURES = 30
AT_A_TIME = 500
"""Maximum number of routes in one query, whose keys are its parameters."""


class Gatherer:
    """Keeps running sums of a campaign, so that the cost of a view depends on the new results only.

    Args:
        store: The campaign.
        config: Its configuration.
        slots: Returns the number of parallel simulations; by default that of the configuration.
        progress: Latest progress of evaluations by identity; by default that of the store.
    """

    def __init__(
        self,
        store: CampaignStore,
        config: CampaignConfig,
        slots: Callable[[], int | None] | None = None,
        progress: Mapping[int, Progress] | None = None,
    ) -> None:
        self._store, self._config = store, config
        self._objectives, self._limits = config.objective_list(), config.limit_list()
        self._slots = slots or (lambda: getattr(config.cluster, "workers", None))
        self._progress = {} if progress is None else progress
        self._begin()

    def _begin(self) -> None:
        self._changes = Changes(self._store)
        self._seen: set[int] = set()
        self._points: list[Point] = []
        self._front: list[Point] = []
        self._failures: list[FailedItem] = []
        self._kinds: Counter[str] = Counter()
        self._growth = FrontGrowth(self._objectives)
        self._curve: tuple[tuple[int, float], ...] = ()
        self._cost = Cost()
        self._done = self._initial = 0

    def view(self) -> View:
        """Read new results and return the present state.

        Raises:
            StoreLocked: The store does not answer.
        """
        found = self._changes.poll()
        finished = [record for record in found if record.state in ("done", "failed")]
        if any(record.id in self._seen for record in finished):
            # An old evaluation was repeated: results derived from its first values are invalid.
            self._begin()
            found = self._changes.poll()
            finished = [record for record in found if record.state in ("done", "failed")]
        self._count(sorted(finished, key=lambda record: (record.finished_at or 0.0, record.ordinal)))
        campaign = self._store.campaign()
        alive = is_running(self._store)
        return View(
            name=campaign.name,
            objectives=self._objectives,
            limits=self._limits,
            state="running" if alive else ("finished" if campaign.finished_at else "stopped"),
            reason=campaign.stop_reason,
            wanted=self._config.stop.evaluations,
            done=self._done,
            failed=sum(self._kinds.values()),
            slots=self._slots(),
            elapsed_s=campaign.elapsed_s,
            cost=self._cost.text(),
            running=tuple(self._running(record, alive) for record in found if record.state == "running"),
            waiting=tuple(
                WaitingItem(r.ordinal, r.psmiles, r.origin, r.reserved_until)
                for r in found
                if r.state in ("proposed", "reserved")
            ),
            failures=tuple(islice(reversed(self._failures), MAX_FAILURES)),
            failure_kinds=dict(self._kinds.most_common()),
            points=tuple(self._points),
            front=tuple(self._front),
            growth=self._curve,
            initial=self._initial,
        )

    def _count(self, records: Sequence[EvaluationRecord]) -> None:
        entered = False
        done = [record.key for record in records if record.state == "done"][-MAX_POINTS:]
        routes: dict[str, Route | None] = {}
        for start in range(0, len(done), AT_A_TIME):
            routes |= stored_routes(self._store.engine, done[start : start + AT_A_TIME])
        for record in records:
            self._seen.add(record.id)
            self._initial += record.step == "initial"
            self._cost += cost_of(record, self._config.cluster.threads_per_worker)
            if record.failure:
                self._kinds[record.failure.kind] += 1
                message = without_secrets(record.failure.message)
                self._failures.append(FailedItem(record.ordinal, record.psmiles, record.failure.kind, message))
            else:
                self._done += 1
            measured = [record.measured(o.property) for o in self._objectives]
            values = tuple(m.value if m else np.nan for m in measured)
            keeps = within(record, self._limits)
            rises = self._growth.add(values if keeps else [np.nan] * len(values))
            point = point_of(record, self._objectives, route_text(routes, record.key))
            if point is not None:
                self._points.append(point)
                if rises:
                    self._front.append(point)
            entered = entered or rises
        del self._points[:-MAX_POINTS], self._failures[:-MAX_FAILURES]
        if entered:
            mask = pareto_mask([point.values for point in self._front], self._objectives)
            best = self._objectives[0]
            self._front = [point for point, stays in zip(self._front, mask, strict=True) if stays]
            self._front.sort(key=lambda point: (-float(best.score(np.array(point.values[:1]))[0]), point.ordinal))
            counts, volumes = self._growth.curve()
            self._curve = tuple(zip(counts.tolist(), volumes.tolist(), strict=True))

    def _running(self, record: EvaluationRecord, alive: bool) -> RunningItem:
        told = self._progress.get(record.id)
        # The last progress of a campaign that is not running is outdated.
        pace = (record.ns_per_day, record.remaining_s) if alive else (None, None)
        return RunningItem(
            ordinal=record.ordinal,
            psmiles=record.psmiles,
            stage=told.stage if told else (record.stage or ""),
            fraction=told.fraction if told else (record.fraction or 0.0),
            ns_per_day=told.ns_per_day if told else pace[0],
            remaining_s=told.remaining_s if told else pace[1],
            running_s=max(time.time() - (record.started_at or time.time()), 0.0),
            attempt=record.attempts,
            structures=structures_of_record(record),
        )
