"""The main loop: submit, receive, record and exchange results until a stopping criterion is reached."""

import time
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from designer.campaign.calculations import CalculationKeeper
from designer.campaign.ledger import Ledger
from designer.campaign.listed import FixedList
from designer.campaign.proposal import Proposal, Proposer
from designer.campaign.recording import record_proposal
from designer.campaign.stop import Tally, may_start, stop_reason
from designer.cluster.base import Cluster, Finished, Job, Noted, Progressed, Returned
from designer.cluster.task import Outcome, Trouble
from designer.cluster.watch import HangLimits
from designer.config import CampaignConfig
from designer.errors import CampaignBusy, CampaignFailed
from designer.machine import program
from designer.progress.listener import Listener
from designer.store.claims import Leases, claim
from designer.store.knowledge import briefs, newest_number, news, open_elsewhere
from designer.store.ownership import Ownership
from designer.store.records import FINISHED, EvaluationRecord
from designer.store.reservations import expire_reservations, reservations
from designer.store.store import CampaignStore
from designer.store.substances import substance_of_record
from mdcore.chem import Failure
from mdcore.measure import Progress
from mdcore.optics import OpticsSettings

POLL_S = 0.5
NEWS_S = 5.0
PROGRESS_TO_STORE_S = 5.0
TROUBLE_PAUSE_S = 30.0
TROUBLE_LIMIT_S = 6 * 3600.0
TROUBLES, LONELY_TROUBLES = 5, 40
"""Maximum number of returns of an evaluation with an unusable folder: while others finish, and while none does."""


class Loop:
    """One run of a campaign on a cluster.

    Args:
        config: The campaign.
        store: Its store.
        cluster: Cluster that runs the simulations.
        ownership: The right to run it.
        listener: Shows the progress.
        proposer: Creates the proposer when it is first needed.
        calculations: Keeper of calculations that run in parallel with the dynamics.

    Attributes:
        progress: Latest progress of running evaluations by identity.
    """

    def __init__(
        self,
        config: CampaignConfig,
        store: CampaignStore,
        cluster: Cluster,
        ownership: Ownership,
        listener: Listener,
        proposer: Callable[[], Proposer],
        calculations: CalculationKeeper,
    ) -> None:
        self._config, self._store, self._cluster, self._ownership = config, store, cluster, ownership
        self._listener, self._proposer, self._calculations = listener, proposer, calculations
        self.progress: dict[int, Progress] = {}
        self._digest = config.settings_digest()
        self._settings = config.simulation_settings().model_dump(mode="json")
        self._ledger = Ledger(config.objective_list(), config.limit_list())
        self._list = FixedList.of(config)
        self._leases = Leases()
        self._busy: set[int] = set()
        self._waiting: set[int] = set()
        self._postponed: list[tuple[float, int]] = []
        self._trouble: tuple[str, float] | None = None
        self._returns: dict[int, tuple[int, int]] = {}
        self._stored_progress: dict[int, float] = {}
        self._failures_in_a_row = 0
        self._elapsed_before, self._began = store.campaign().elapsed_s, time.monotonic()
        self._looked = -NEWS_S

    def run(self) -> str:
        """Resume open evaluations, then submit more until a stopping criterion is reached; return which."""
        newest = newest_number(self._store)
        self._ledger.load(briefs(self._store))
        for record in news(self._store, self._digest, 0, own=False):
            self._ledger.put_elsewhere(record)
        self._ledger.newest = newest
        resumed = self._ledger.own("proposed", "running")
        kind = "resumed" if len(self._ledger) else "started"
        self._store.add_event(kind, f"{len(resumed)} evaluations to resume, {_program()}")
        for record in resumed:
            self._hand_out(record)
        while True:
            if self._ownership.lost.is_set():
                raise CampaignBusy(
                    f"campaign {self._config.name!r} was taken over by another process; wait until that process has finished"
                )
            self._look_around()
            tally = self._tally()
            if reason := stop_reason(self._config.stop, tally):
                return reason
            self._fill(tally)
            for message in self._cluster.messages(POLL_S):
                if isinstance(message, Progressed):
                    self._on_progress(message.evaluation_id, message.progress)
                elif isinstance(message, Finished):
                    self._on_finished(message)
                elif isinstance(message, Returned):
                    self._on_returned(message)
                elif isinstance(message, Noted):
                    self._note("cluster", message.text)

    def _tally(self) -> Tally:
        elapsed = self._elapsed_before + time.monotonic() - self._began
        left = None if self._list is None or self._ledger.open else self._list.left(self._ledger)
        return Tally(self._ledger.finished, self._ledger.open, elapsed, left)

    def _look_around(self) -> None:
        """Read the results of others, retry claims held by others, and resubmit returned evaluations."""
        now = time.monotonic()
        for due, number in [item for item in self._postponed if item[0] <= now]:
            self._postponed.remove((due, number))
            self._submit(self._record_of(number))
        if now - self._looked < NEWS_S:
            return
        self._looked = now
        for record in news(self._store, self._digest, self._ledger.newest):
            self._ledger.newest = max(self._ledger.newest, record.finished_no or 0)
            known = self._ledger.get(record.id)
            if record.campaign != self._config.name:
                self._ledger.put_elsewhere(record)
            elif known is None or known.state != record.state or known.measurements != record.measurements:
                self._ledger.put(record)
                self._on_news(record)
        expire_reservations(self._store)
        for record in reservations(self._store):
            if self._ledger.get(record.id) != record:
                self._ledger.put(record)
        self._ledger.set_pending_elsewhere(open_elsewhere(self._store, self._digest))
        for number in sorted(self._waiting):
            self._hand_out(self._record_of(number))

    def _on_news(self, record: EvaluationRecord) -> None:
        """Show what another process did to an evaluation, and submit it if it is to be repeated."""
        if record.state in FINISHED:
            self._listener.finished(record, self._ledger.front)
        elif record.state == "withdrawn":
            self._listener.note(f"evaluation {record.ordinal} ({record.psmiles}) was withdrawn")
        elif record.state == "proposed" and record.id not in self._busy:
            self._hand_out(record)

    def _fill(self, tally: Tally) -> None:
        """Submit new candidates while there are free slots and no stopping criterion is reached."""
        limit = self._config.stop.failures_in_a_row
        if self._failures_in_a_row >= limit:
            if tally.open:
                return
            last = max(self._ledger.own("failed"), key=lambda record: record.finished_no or 0)
            raise CampaignFailed(
                f"{self._failures_in_a_row} consecutive evaluations failed, the last one with: "
                f"{last.failure.message if last.failure else 'unknown'}; correct the cause, or raise stop.failures_in_a_row"
            )
        free = self._cluster.slots + self._config.cluster.ahead - len(self._busy)
        allowed = may_start(self._config.stop, tally)
        wanted = free if allowed is None else min(free, allowed)
        if wanted <= 0:
            return
        proposals = self._proposer().propose(wanted, self._ledger.everything(), self._ledger.taken)
        if not proposals and not tally.open and not self._ledger.pending_elsewhere:
            if self._list is not None:
                raise CampaignFailed("every remaining substance of the list is reserved; report their results")
            raise CampaignFailed("the generator found no new candidate; relax constraints or novelty")
        for proposal in proposals:
            if (record := self._record(proposal)) is not None:
                self._ledger.put(record)
                self._hand_out(record)

    def _record(self, proposal: Proposal) -> EvaluationRecord | None:
        try:
            return record_proposal(self._store, proposal, self._digest)
        except IntegrityError:
            # The connection broke after this row was written, or another process has just reserved the candidate.
            found = next((r for r in briefs(self._store) if r.key == proposal.candidate.key), None)
            if found is None:
                raise
            self._ledger.put(found)
            return found if found.state == "proposed" else None

    def _hand_out(self, record: EvaluationRecord) -> None:
        """Claim an evaluation and submit it, adopt the result of another campaign, or wait for that."""
        asked = claim(self._store, record.id, self._ownership.token, self._leases)
        self._ledger.put(asked.record)
        if asked.state == "held":
            self._waiting.add(record.id)
            return
        self._waiting.discard(record.id)
        if asked.state == "adopted":
            self._listener.finished(asked.record, self._ledger.front)
        else:
            self._listener.submitted(asked.record)
            self._submit(asked.record)

    def _submit(self, record: EvaluationRecord) -> None:
        self._busy.add(record.id)
        hang, optics = self._config.cluster.hang, self._config.optics
        label = f"{self._config.name}-{record.ordinal:05d}"
        substance = substance_of_record(record)
        self._calculations.before(self._cluster, substance, label)
        self._cluster.submit(
            Job(
                evaluation_id=record.id,
                label=label,
                substance=substance.document(),
                settings=self._settings,
                seed=record.seed,
                folder=(self._config.campaign_folder / record.folder).resolve(),
                properties=self._config.properties(),
                hang=HangLimits(hang.factor, hang.at_least_s, hang.attempts),
                optics=None if optics == OpticsSettings(kind="additive") else optics.model_dump(mode="json"),
                shared=self._calculations.folder,
            )
        )

    def _on_progress(self, evaluation_id: int, progress: Progress) -> None:
        record = self._record_of(evaluation_id)
        if record.state != "running":
            return
        self._listener.progressed(record, progress)
        self.progress[evaluation_id] = progress
        now = time.monotonic()
        if now - self._stored_progress.get(evaluation_id, -PROGRESS_TO_STORE_S) >= PROGRESS_TO_STORE_S:
            self._stored_progress[evaluation_id] = now
            pace = progress.ns_per_day, progress.remaining_s
            self._store.progress(evaluation_id, progress.stage, progress.fraction, *pace)

    def _on_finished(self, message: Finished) -> None:
        result, outcome = message.outcome.result, message.outcome
        if result is None or isinstance(result, Trouble):
            raise TypeError(f"a finished evaluation cannot have {result!r} as its result")
        self._calculations.after(substance_of_record(self._record_of(message.evaluation_id)))
        about = {"machine": outcome.machine, "campaign": self._config.name, "campaign_wall_s": outcome.wall_s}
        record = self._store.finish(
            message.evaluation_id,
            result if isinstance(result, Failure) else result.measurements,
            worker=outcome.worker,
            wall_s=outcome.wall_s,
            diagnostics={} if isinstance(result, Failure) else result.diagnostics,
            provenance={**result.provenance, **about, "cpu_hours": outcome.cpu_hours, "gpu_hours": outcome.gpu_hours},
            cpu_hours=outcome.cpu_hours,
            gpu_hours=outcome.gpu_hours,
            not_determined={} if isinstance(result, Failure) else result.not_determined,
        )
        self._busy.discard(record.id)
        self._returns.pop(record.id, None)
        self._trouble = None
        self._stored_progress.pop(record.id, None)
        self.progress.pop(record.id, None)
        self._failures_in_a_row = self._failures_in_a_row + 1 if isinstance(result, Failure) else 0
        self._ledger.put(record)
        self._listener.finished(record, self._ledger.front)

    def _on_returned(self, message: Returned) -> None:
        """Resubmit after a pause an evaluation that was returned because of a problem of the machine."""
        now, text = time.monotonic(), message.trouble.message
        since = self._trouble[1] if self._trouble else now
        if self._trouble is None or self._trouble[0] != text:
            self._note("trouble", text)
        self._trouble = text, since
        if now - since > TROUBLE_LIMIT_S:
            raise CampaignFailed(f"no evaluation has finished for {(now - since) / 3600:.1f} h: {text}")
        if message.trouble.kind == "infrastructure" and self._is_hopeless(message.evaluation_id):
            outcome = Outcome(Failure("infrastructure", text), "unknown", 0.0)
            self._on_finished(Finished(message.evaluation_id, outcome))
            return
        self._postponed.append((now + TROUBLE_PAUSE_S, message.evaluation_id))

    def _is_hopeless(self, evaluation_id: int) -> bool:
        """Count the returns of an evaluation with an unusable folder; return whether there were too many."""
        count, finished = self._returns.get(evaluation_id, (0, self._ledger.finished))
        self._returns[evaluation_id] = count + 1, finished
        return count + 1 >= (TROUBLES if self._ledger.finished > finished else LONELY_TROUBLES)

    def _note(self, kind: str, text: str) -> None:
        self._listener.note(text)
        self._store.add_event(kind, text)

    def _record_of(self, evaluation_id: int) -> EvaluationRecord:
        record = self._ledger.get(evaluation_id)
        if record is None:
            raise LookupError(f"evaluation {evaluation_id} was never submitted")
        return record


def _program() -> str:
    about = program()
    revision = f" ({about['git_revision']})" if about["git_revision"] else ""
    return f"polymer-designer {about['version']}{revision}"
