"""Tables of the store. Times are seconds since the epoch (UTC); free-form content is JSON."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

APPLICATION = "polymer-designer"
SCHEMA_VERSION = 5
"""Number of the newest revision in `designer.store.migrations`."""


class Base(DeclarativeBase):
    """Base class of the tables."""

    type_annotation_map = {dict[str, Any]: JSON}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute


class SchemaRow(Base):
    """One row that identifies the application and the schema."""

    __tablename__ = "schema_version"
    application: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]


class CounterRow(Base):
    """Counters in the order of commits: a row stays locked until its transaction ends."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int]


class CampaignRow(Base):
    """A campaign and its present owner."""

    __tablename__ = "campaign"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    seed: Mapped[int]
    config: Mapped[dict[str, Any]]
    identity: Mapped[dict[str, Any]]
    created_at: Mapped[float] = mapped_column(Float)
    elapsed_s: Mapped[float] = mapped_column(Float, default=0.0)
    finished_at: Mapped[float | None] = mapped_column(Float)
    stop_reason: Mapped[str | None]
    owner: Mapped[str | None]
    owner_host: Mapped[str | None]
    owner_pid: Mapped[int | None]
    owner_started_at: Mapped[float | None] = mapped_column(Float)
    heartbeat_at: Mapped[float | None] = mapped_column(Float)
    beats: Mapped[int] = mapped_column(default=0, server_default="0")


class CandidateRow(Base):
    """A substance that was chosen; without a document in `substance` it is the homopolymer of `psmiles`."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("campaign_id", "key"), Index("candidate_by_key", "key"))
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    key: Mapped[str]
    psmiles: Mapped[str]
    log_prior: Mapped[float | None] = mapped_column(Float)
    origin: Mapped[str]
    in_corpus: Mapped[bool]
    created_at: Mapped[float] = mapped_column(Float)
    substance: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class EvaluationRow(Base):
    """One evaluation of a candidate: a simulation, a measurement made outside, or a copied result."""

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("candidate_id", "settings_digest"),
        UniqueConstraint("campaign_id", "ordinal"),
        CheckConstraint(
            "state IN ('proposed', 'reserved', 'running', 'done', 'failed', 'expired', 'withdrawn')",
            name="evaluation_state",
        ),
        Index("evaluation_by_state", "campaign_id", "state"),
        Index("evaluation_by_finish", "settings_digest", "finished_no"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidate.id"))
    ordinal: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    step: Mapped[str]
    settings_digest: Mapped[str] = mapped_column(String(16))
    seed: Mapped[int]
    folder: Mapped[str]
    acquisition: Mapped[float | None] = mapped_column(Float)
    predicted: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str | None]
    fraction: Mapped[float | None] = mapped_column(Float)
    ns_per_day: Mapped[float | None] = mapped_column(Float)
    remaining_s: Mapped[float | None] = mapped_column(Float)
    worker: Mapped[str | None]
    created_at: Mapped[float] = mapped_column(Float)
    started_at: Mapped[float | None] = mapped_column(Float)
    finished_at: Mapped[float | None] = mapped_column(Float)
    wall_s: Mapped[float] = mapped_column(Float, default=0.0)
    diagnostics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    provenance: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source: Mapped[str] = mapped_column(String(16), default="simulation", server_default="simulation")
    shared_from: Mapped[int | None]
    finished_no: Mapped[int | None]
    reserved_until: Mapped[float | None] = mapped_column(Float)
    cpu_hours: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    gpu_hours: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")

    candidate: Mapped[CandidateRow] = relationship(lazy="joined", innerjoin=True)
    measurements: Mapped[list["MeasurementRow"]] = relationship(lazy="selectin", order_by="MeasurementRow.id")
    failure: Mapped["FailureRow | None"] = relationship(lazy="selectin", uselist=False)


class ClaimRow(Base):
    """The campaign that simulates a polymer at certain settings; valid while its heartbeat continues."""

    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("key", "settings_digest"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    settings_digest: Mapped[str] = mapped_column(String(16))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"))
    owner: Mapped[str | None]
    created_at: Mapped[float] = mapped_column(Float)


class MeasurementRow(Base):
    """One value with its standard error; its provenance extends that of its evaluation."""

    __tablename__ = "measurement"
    __table_args__ = (UniqueConstraint("evaluation_id", "property", "fidelity"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"))
    property: Mapped[str]
    value: Mapped[float] = mapped_column(Float)
    stderr: Mapped[float] = mapped_column(Float)
    unit: Mapped[str]
    fidelity: Mapped[str]
    provenance: Mapped[dict[str, Any]]


class FailureRow(Base):
    """Why an evaluation has no measurements, or why it does not determine some of the properties."""

    __tablename__ = "failure"
    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluation.id"), unique=True)
    kind: Mapped[str]
    message: Mapped[str]
    provenance: Mapped[dict[str, Any]]


class ImportedRow(Base):
    """One known value or failure, available to all campaigns of the store."""

    __tablename__ = "imported"
    __table_args__ = (UniqueConstraint("digest", "fidelity", "line", "property"), Index("imported_by_key", "key"))
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    psmiles: Mapped[str]
    property: Mapped[str]
    value: Mapped[float | None] = mapped_column(Float)
    stderr: Mapped[float] = mapped_column(Float, default=0.0)
    unit: Mapped[str]
    fidelity: Mapped[str]
    source: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    line: Mapped[int]
    imported_at: Mapped[float] = mapped_column(Float)
    withdrawn: Mapped[bool] = mapped_column(default=False, server_default=false())


class EventRow(Base):
    """An event of a campaign."""

    __tablename__ = "event"
    __table_args__ = (Index("event_by_campaign", "campaign_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    evaluation_id: Mapped[int | None] = mapped_column(ForeignKey("evaluation.id"))
    at: Mapped[float] = mapped_column(Float)
    kind: Mapped[str]
    message: Mapped[str]


class CorrectionRow(Base):
    """A corrected, replaced or withdrawn value with its old state; known data have no campaign."""

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    evaluation_id: Mapped[int | None] = mapped_column(ForeignKey("evaluation.id"))
    at: Mapped[float] = mapped_column(Float)
    who: Mapped[str]
    reason: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    key: Mapped[str]
    psmiles: Mapped[str]
    property: Mapped[str | None]
    fidelity: Mapped[str | None]
    unit: Mapped[str | None]
    old_value: Mapped[float | None] = mapped_column(Float)
    old_stderr: Mapped[float | None] = mapped_column(Float)
    new_value: Mapped[float | None] = mapped_column(Float)
    new_stderr: Mapped[float | None] = mapped_column(Float)
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)


class RouteRow(Base):
    """The synthesis route of a repeat unit, or that none is known (`reaction` empty); shared by all campaigns of the store."""

    __tablename__ = "route"
    key: Mapped[str] = mapped_column(primary_key=True)
    reaction: Mapped[str]
    polymer: Mapped[str]
    monomers: Mapped[list[Any]] = mapped_column(JSON)


class CalculationRow(Base):
    """The result of a piece of a calculation beside the dynamics; shared by all campaigns of the store."""

    __tablename__ = "calculation"
    key: Mapped[str] = mapped_column(primary_key=True)
    calculation: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    level: Mapped[str]
    record: Mapped[str]
    computed_at: Mapped[float] = mapped_column(Float)
