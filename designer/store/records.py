"""Frozen records that the store returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from designer.novelty import Novelty, novelty
from mdcore.chem import Failure, Measurement

State = Literal["proposed", "reserved", "running", "done", "failed", "expired", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
OPEN: tuple[State, ...] = ("proposed", "reserved", "running")
"""States of evaluations that will have a result."""
FINISHED: tuple[State, ...] = ("done", "failed")
NOT_DETERMINED = "not_determined"
"""Kind of the stored reasons of properties that an evaluation with measurements does not determine."""
MACHINE_FAILURES = frozenset({"worker", "internal", "timeout", "infrastructure"})
"""Kinds of failure that are not caused by the polymer."""


@dataclass(frozen=True)
class PredictedValue:
    """Prediction of one property at the time of the choice.

    Attributes:
        mean: Posterior mean in the property's unit.
        sd: Posterior standard deviation in the same unit.
    """

    mean: float
    sd: float


@dataclass(frozen=True)
class EvaluationRecord:
    """One evaluation and its candidate.

    Attributes:
        id: Identity in the store.
        ordinal: Number in the campaign, 1, 2, ... in the order of choice.
        state: `proposed`, `running`, `done` or `failed`; for measurements made outside `reserved` or `expired`; `withdrawn` after a
            withdrawal.
        key: Canonical key of the repeat unit, or key of another substance.
        psmiles: Its pSMILES, or label of another substance.
        origin: Origin of the candidate.
        log_prior: Its log-probability under the language model, or None.
        in_corpus: Whether it is in the corpus.
        step: `initial` or `acquisition`.
        seed: Seed of the simulation.
        folder: Folder of the simulation, relative to the campaign's.
        acquisition: Value of the acquisition when it was chosen, if any.
        predicted: Predictions of the surrogates at the time of the choice; empty for the first evaluations.
        attempts: Number of submissions.
        stage: Last known stage of the simulation.
        fraction: Last known progress, 0 to 1.
        worker: Host and process that simulated it last.
        created_at: When it was chosen (s since the epoch, like the next two).
        started_at: When it was first submitted.
        finished_at: When its result was recorded.
        wall_s: Time in s on the worker that finished it.
        diagnostics: Quality indicators of the simulation.
        provenance: Information needed to reproduce it.
        measurements: Its results, empty unless done.
        failure: Why there are none, if failed.
        not_determined: Reasons by name of the requested properties that a finished simulation does not determine.
        source: `simulation`, or `outside` for measurements made outside.
        campaign: Name of its campaign; empty if it was not queried.
        shared_from: Evaluation of another campaign from which the result was copied, or None.
        finished_no: Number of its result, increasing in the order of recording, independent of clocks.
        reserved_until: When a reservation ends (s since the epoch).
        cpu_hours: Core-hours spent on it.
        gpu_hours: GPU-hours spent on it.
        ns_per_day: Last known speed in ns/day, or None.
        remaining_s: Last estimate of the remaining time in s, or None.
        substance: Document of the substance; None for the homopolymer of `psmiles`. See `designer.store.substances`.
    """

    id: int
    ordinal: int
    state: State
    key: str
    psmiles: str
    origin: str
    log_prior: float | None
    in_corpus: bool
    step: str
    seed: int
    folder: str
    acquisition: float | None
    predicted: Mapping[str, PredictedValue]
    attempts: int
    stage: str | None
    fraction: float | None
    worker: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    wall_s: float
    diagnostics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    measurements: tuple[Measurement, ...]
    failure: Failure | None
    source: str = "simulation"
    campaign: str = ""
    shared_from: int | None = None
    finished_no: int | None = None
    reserved_until: float | None = None
    cpu_hours: float = 0.0
    gpu_hours: float = 0.0
    ns_per_day: float | None = None
    remaining_s: float | None = None
    substance: Mapping[str, Any] | None = None
    not_determined: Mapping[str, str] = field(default_factory=dict)

    @property
    def homopolymer(self) -> bool:
        """Whether it is of the homopolymer of `psmiles`."""
        return self.substance is None

    @property
    def novelty(self) -> Novelty:
        """`new`, `known`, or empty for other substances than homopolymers."""
        return novelty(self.in_corpus, homopolymer=self.homopolymer)

    def measured(self, name: str) -> Measurement | None:
        """Return the measurement of a property, or None."""
        return next((m for m in self.measurements if m.property == name), None)


@dataclass(frozen=True)
class CampaignRecord:
    """A stored campaign.

    Attributes:
        id: Identity in the store.
        name: Its name.
        seed: Its seed.
        config: Its configuration in JSON types.
        identity: The part of it that must not change.
        created_at: When it was created (s since the epoch).
        elapsed_s: Running time in s, summed over restarts.
        finished_at: When a stopping criterion was reached, or None.
        stop_reason: The stopping criterion.
        owner_host: Host of the process that runs it, or None.
        owner_pid: Its process id.
    """

    id: int
    name: str
    seed: int
    config: Mapping[str, Any]
    identity: Mapping[str, Any]
    created_at: float
    elapsed_s: float
    finished_at: float | None
    stop_reason: str | None
    owner_host: str | None
    owner_pid: int | None


@dataclass(frozen=True)
class EventRecord:
    """An event of a campaign.

    Attributes:
        at: When (s since the epoch).
        kind: One word.
        message: One line.
        ordinal: The evaluation it concerns, if any.
    """

    at: float
    kind: str
    message: str
    ordinal: int | None


@dataclass(frozen=True)
class CorrectionRecord:
    """A value that was corrected, replaced or withdrawn.

    Attributes:
        id: Identity in the store.
        at: When (s since the epoch).
        who: User and host.
        reason: The reason.
        kind: `corrected`, `replaced` or `withdrawn`.
        origin: `imported`, `told` or `simulated`.
        campaign: Name of the campaign, None for known data.
        ordinal: Its evaluation, None for known data.
        key: Canonical key of the repeat unit.
        psmiles: Its pSMILES.
        property: Registry name, None for a failure.
        fidelity: Fidelity of the value.
        unit: Unit of the numbers.
        old_value: Value before.
        old_stderr: Its standard error.
        new_value: Value after, None where it was withdrawn.
        new_stderr: Its standard error.
        about: Further information about the old value, in JSON types.
    """

    id: int
    at: float
    who: str
    reason: str
    kind: str
    origin: str
    campaign: str | None
    ordinal: int | None
    key: str
    psmiles: str
    property: str | None
    fidelity: str | None
    unit: str | None
    old_value: float | None
    old_stderr: float | None
    new_value: float | None
    new_stderr: float | None
    about: Mapping[str, Any]
