"""The campaign: the one mutable object of the house."""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from designer.campaign.front import front_frame, front_records
from designer.campaign.listener import Listener, SilentListener
from designer.campaign.proposal import Proposal, Proposer
from designer.campaign.refractions import RefractionKeeper
from designer.campaign.signals import Interrupted, raise_on_signals
from designer.campaign.stop import Tally, may_start, stop_reason
from designer.cluster.base import Cluster, Finished, Job, Progressed, ShowsCampaign
from designer.config import CampaignConfig, load_config
from designer.errors import CampaignBusy, CampaignFailed, DesignerError, InvalidConfig
from designer.store.imported import imported_records
from designer.store.opening import be_patient, create_store
from designer.store.ownership import Ownership
from designer.store.records import EvaluationRecord
from designer.store.routes import keep_route
from designer.store.store import CampaignStore
from mdcore.chem import Failure
from mdcore.optics.level import require_pyscf
from mdcore.simulate import Progress

if TYPE_CHECKING:
    import pandas as pd

POLL_S = 0.5
PROGRESS_TO_STORE_S = 5.0


class Campaign:
    """Designs polymers until a stop rule is reached; resumes wherever it was interrupted.

    Args:
        config: What to design and how.
        listener: Shows what happens.
        proposer: Chooses candidates; the language model with its surrogates by default.
        start_cluster: Starts what runs simulations; the section `cluster` of the configuration decides by default.

    Example:
        >>> campaign = Campaign.from_yaml("configs/quickstart.yaml")  # doctest: +SKIP
        >>> campaign.run()  # doctest: +SKIP
        >>> campaign.pareto_front()  # doctest: +SKIP
    """

    def __init__(
        self,
        config: CampaignConfig,
        *,
        listener: Listener | None = None,
        proposer: Proposer | None = None,
        start_cluster: Callable[[], Cluster] | None = None,
    ) -> None:
        self.config = config
        self.objectives = config.objective_list()
        self._listener = listener or SilentListener()
        self._proposer = proposer
        self._start_cluster = start_cluster or self._configured_cluster
        self._opened: CampaignStore | None = None
        self._records: dict[int, EvaluationRecord] = {}
        self._stored_progress: dict[int, float] = {}
        self._progress: dict[int, Progress] = {}
        self._failures_in_a_row = 0
        self._refractions: RefractionKeeper | None = None

    @classmethod
    def from_yaml(cls, path: Path | str, *, listener: Listener | None = None) -> "Campaign":
        """Read a campaign from a YAML file.

        Raises:
            DesignerError: The file is missing or breaks a rule; one line says which and what to do.
        """
        return cls(load_config(path), listener=listener)

    @property
    def store(self) -> CampaignStore:
        """Return the campaign's store, opened or created.

        Raises:
            DesignerError: Something else lies there, or the stored campaign asks for other measurements.
        """
        if self._opened is None:
            engine = create_store(self.config.store_url())
            try:
                self._opened = CampaignStore.begin(
                    engine,
                    name=self.config.name,
                    seed=self.config.seed,
                    config=self.config.document(),
                    identity=self.config.identity(),
                )
            except DesignerError:
                engine.dispose()
                raise
        return self._opened

    def pareto_front(self) -> "pd.DataFrame":
        """Return the evaluations that no other dominates, with every measured property and its standard error."""
        return front_frame(self.store.evaluations("done"), self.objectives, self.config.limit_list())

    def finished_reason(self) -> str | None:
        """Return which stop rule has been reached, or None."""
        counts, elapsed = self.store.counts(), self.store.campaign().elapsed_s
        tally = Tally(counts["done"] + counts["failed"], counts["proposed"] + counts["running"], elapsed)
        return stop_reason(self.config.stop, tally)

    def run(self) -> str:
        """Start or resume the campaign and go on until a stop rule is reached.

        Returns:
            Which stop rule that was.

        Raises:
            CampaignBusy: Another process runs it.
            CampaignFailed: It cannot go on; what was measured is in the store.
            OpticsUnavailable: It asks for DFT by name and PySCF is not installed.
            Interrupted: SIGINT or SIGTERM came; `run` resumes.
        """
        if getattr(multiprocessing.process.current_process(), "_inheriting", False):
            raise CampaignFailed(
                'run() was reached while a worker process imported your script; put it under `if __name__ == "__main__":`'
            )
        if reason := self.finished_reason():
            self._mark_finished(reason)
            return reason
        if self.config.optics.kind == "dft":
            require_pyscf()
        with raise_on_signals(), Ownership(self.store) as ownership:
            be_patient(self.store.engine)
            self._records = {record.id: record for record in self.store.evaluations()}
            self._failures_in_a_row = 0
            if self.store.campaign().stop_reason is not None:
                self.store.mark_finished(None)
            self._listener.begin(self.config.name, self.objectives, self.config.stop.evaluations)
            try:
                reason = self._run_on_cluster(ownership)
            except Interrupted as interruption:
                self.store.add_event("interrupted", str(interruption))
                raise
            finally:
                self._listener.end()
        self._mark_finished(reason)
        return reason

    def _mark_finished(self, reason: str) -> None:
        if self.store.campaign().stop_reason != reason:
            self.store.mark_finished(reason)
            self.store.add_event("finished", reason)

    def _configured_cluster(self) -> Cluster:
        from designer.cluster.local import start_local

        return start_local(self.config.cluster)

    def _run_on_cluster(self, ownership: Ownership) -> str:
        cluster = self._start_cluster()
        try:
            self._show_on(cluster)
            resumed = sorted((r for r in self._records.values() if r.state in ("proposed", "running")), key=_ordinal)
            self.store.add_event("resumed" if self._records else "started", f"{len(resumed)} evaluations to go on with")
            for record in resumed:
                self._submit(cluster, record)
            return self._loop(cluster, ownership)
        finally:
            cluster.close()

    def _show_on(self, cluster: Cluster) -> None:
        page = None
        if isinstance(cluster, ShowsCampaign):
            from designer.dashboard.gather import Gatherer
            from designer.dashboard.watcher import Watcher

            page = cluster.show(Watcher(Gatherer(self.store, self.config, lambda: cluster.slots, self._progress).view))
        if page:
            self._listener.note(f"campaign page, on this machine only: {page}")
        elif cluster.dashboard:
            self._listener.note(f"dashboard: {cluster.dashboard}")

    def _loop(self, cluster: Cluster, ownership: Ownership) -> str:
        while True:
            if ownership.lost.is_set():
                raise CampaignBusy(
                    f"campaign {self.config.name!r} was taken over by another process; let that one finish"
                )
            tally = self._tally()
            if reason := stop_reason(self.config.stop, tally):
                return reason
            self._fill(cluster, tally)
            for message in cluster.messages(POLL_S):
                if isinstance(message, Progressed):
                    self._on_progress(message.evaluation_id, message.progress)
                else:
                    self._on_finished(message)

    def _tally(self) -> Tally:
        states = [record.state for record in self._records.values()]
        finished = states.count("done") + states.count("failed")
        return Tally(finished, len(states) - finished, self.store.campaign().elapsed_s)

    def _fill(self, cluster: Cluster, tally: Tally) -> None:
        """Hand out new candidates while there are free slots and the stop rules allow it."""
        limit = self.config.stop.failures_in_a_row
        if self._failures_in_a_row >= limit:
            if tally.open:
                return
            last = max((r for r in self._records.values() if r.failure), key=lambda r: r.finished_at or 0.0)
            raise CampaignFailed(
                f"{self._failures_in_a_row} evaluations failed in a row, the last one because: "
                f"{last.failure.message if last.failure else 'unknown'}; correct the cause, or raise stop.failures_in_a_row"
            )
        free = cluster.slots - tally.open
        allowed = may_start(self.config.stop, tally)
        wanted = free if allowed is None else min(free, allowed)
        if wanted <= 0:
            return
        proposals = self._ensure_proposer().propose(
            wanted, tuple(self._records.values()), {record.key for record in self._records.values()}
        )
        if not proposals and not tally.open:
            raise CampaignFailed(
                "the generator finds no candidate that was not evaluated; relax constraints or novelty"
            )
        for proposal in proposals:
            self._submit(cluster, self._record(proposal))

    def _ensure_proposer(self) -> Proposer:
        if self._proposer is None:
            from designer.campaign.proposer import BayesianProposer

            imported = imported_records(self.store.engine)
            for limit in self.config.limits:
                if limit.property not in (*self.config.properties(), *(record.property for record in imported)):
                    raise InvalidConfig(
                        f"limit on {limit.property!r}: neither simulations nor known data tell it; add it to "
                        "simulation.properties, or `designer import` data of it into the store"
                    )
            if imported:
                sources = ", ".join(sorted({record.fidelity for record in imported}))
                self._listener.note(f"known data: {len({r.key for r in imported})} polymers ({sources})")
            self._proposer = BayesianProposer(self.config, note=self._listener.note, imported=imported)
        return self._proposer

    def _record(self, proposal: Proposal) -> EvaluationRecord:
        candidate = proposal.candidate
        if candidate.route is not None or proposal.route_sought:
            keep_route(self.store.engine, candidate.unit.key, candidate.route)
        return self.store.propose(
            key=candidate.unit.key,
            psmiles=candidate.unit.psmiles,
            origin=candidate.origin,
            log_prior=candidate.log_prior,
            in_corpus=proposal.in_corpus,
            step=proposal.step,
            settings_digest=self.config.settings_digest(),
            acquisition=proposal.acquisition,
            predicted=proposal.predicted,
        )

    @property
    def refractions(self) -> RefractionKeeper:
        """Return what keeps the DFT tier's results."""
        if self._refractions is None:
            self._refractions = RefractionKeeper(self.config, self.store.engine)
        return self._refractions

    def _submit(self, cluster: Cluster, record: EvaluationRecord) -> None:
        record = self.store.start(record.id)
        self._records[record.id] = record
        self._listener.submitted(record)
        label = f"{self.config.name}-{record.ordinal:05d}"
        self.refractions.before(cluster, record.psmiles, label)
        cluster.submit(
            Job(
                evaluation_id=record.id,
                label=label,
                psmiles=record.psmiles,
                settings=self.config.simulation_settings().model_dump(mode="json"),
                seed=record.seed,
                folder=(self.config.campaign_folder / record.folder).resolve(),
                properties=self.config.properties(),
                optics=None if self.config.optics.kind == "additive" else self.config.optics.model_dump(mode="json"),
                optics_folder=self.refractions.folder,
            )
        )

    def _on_progress(self, evaluation_id: int, progress: Progress) -> None:
        record = self._records[evaluation_id]
        if record.state != "running":
            return
        self._listener.progressed(record, progress)
        self._progress[evaluation_id] = progress
        now = time.monotonic()
        if now - self._stored_progress.get(evaluation_id, -PROGRESS_TO_STORE_S) >= PROGRESS_TO_STORE_S:
            self._stored_progress[evaluation_id] = now
            self.store.progress(evaluation_id, progress.stage, progress.fraction)

    def _on_finished(self, message: Finished) -> None:
        result, outcome = message.outcome.result, message.outcome
        failed = isinstance(result, Failure)
        self.refractions.after(self._records[message.evaluation_id].psmiles)
        record = self.store.finish(
            message.evaluation_id,
            result if isinstance(result, Failure) else result.measurements,
            worker=outcome.worker,
            wall_s=outcome.wall_s,
            diagnostics={} if isinstance(result, Failure) else result.diagnostics,
            provenance=result.provenance,
        )
        self._stored_progress.pop(record.id, None)
        self._progress.pop(record.id, None)
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
        self._records[record.id] = record
        self._listener.finished(
            record, front_records(tuple(self._records.values()), self.objectives, self.config.limit_list())
        )


def _ordinal(record: EvaluationRecord) -> int:
    return record.ordinal
