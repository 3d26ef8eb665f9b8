"""What the store hands out: frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from designer.novelty import Novelty, novelty
from mdcore.chem import Failure, Measurement

State = Literal["proposed", "reserved", "running", "done", "failed", "expired", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
OPEN: tuple[State, ...] = ("proposed", "reserved", "running")
"""States of what will have a result."""
FINISHED: tuple[State, ...] = ("done", "failed")
MACHINE_FAILURES = frozenset({"worker", "internal", "timeout", "infrastructure"})
"""Kinds of failure that say nothing about the polymer."""


@dataclass(frozen=True)
class PredictedValue:
    """What the surrogate expected of one property when the candidate was chosen.

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
        ordinal: 1, 2, ... in the order in which the campaign chose.
        state: `proposed`, `running`, `done` or `failed`; measured outside, it is `reserved` and later perhaps `expired`;
            `withdrawn` once its outcome was taken back.
        key: Canonical key of the repeat unit, or key of another substance.
        psmiles: Spelling of the repeat unit, or label of another substance.
        origin: Where the candidate comes from.
        log_prior: Its log-probability under the language model, if it was given one.
        in_corpus: Whether the corpus holds it.
        step: `initial` or `acquisition`.
        seed: Seed handed to the simulation.
        folder: Folder of the simulation, relative to the campaign's.
        acquisition: Value of the acquisition when it was chosen, if any.
        predicted: What the surrogates expected then; empty for the first evaluations.
        attempts: How often it was handed to a worker.
        stage: Last known stage of the simulation.
        fraction: Last known progress, 0 to 1.
        worker: Who simulated it last.
        created_at: When it was chosen (s since the epoch, like the next two).
        started_at: When it was first handed out.
        finished_at: When its result was recorded.
        wall_s: Seconds it ran on the worker that finished it.
        diagnostics: What the simulation tells about its quality.
        provenance: What is needed to reproduce it.
        measurements: Its results, empty unless done.
        failure: Why there are none, if failed.
        source: `simulation`, or `outside` for what is measured elsewhere and told.
        campaign: Name of the campaign that it belongs to, empty where nobody asked for it.
        shared_from: The evaluation of another campaign whose result this is, if so.
        finished_no: Number of its result: larger than that of every result recorded before, whatever clocks say.
        reserved_until: When a reservation ends (s since the epoch).
        cpu_hours: Core-hours spent on it.
        gpu_hours: GPU-hours spent on it.
        ns_per_day: Last known speed, simulated time per wall time, None before it is known.
        remaining_s: Wall time to its end as last expected in s, None before it is known.
        substance: Document of what is evaluated; None for the homopolymer of `psmiles`. See `designer.store.substances`.
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
    """A campaign as the store knows it.

    Attributes:
        id: Identity in the store.
        name: Its name.
        seed: Its seed.
        config: Its configuration in JSON types.
        identity: The part of it that must not change.
        created_at: When it was created (s since the epoch).
        elapsed_s: Seconds it has been running, summed over restarts.
        finished_at: When a stop rule was reached, if so.
        stop_reason: Which one.
        owner_host: Host of the process that runs it, if one does.
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
    """Something that happened.

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
        reason: Why.
        kind: `corrected`, `replaced` or `withdrawn`.
        origin: `imported`, `told` or `simulated`.
        campaign: Name of the campaign, None for known data.
        ordinal: Its evaluation, None for known data.
        key: Canonical key of the repeat unit.
        psmiles: Its spelling.
        property: Registry name, None for a failure.
        fidelity: Where the value came from.
        unit: Unit of the numbers.
        old_value: Value before.
        old_stderr: Its standard error.
        new_value: Value after, None where it was withdrawn.
        new_stderr: Its standard error.
        about: Everything else about the old value, in JSON types.
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
