"""Conversion of rows into frozen records."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, cast

from designer.store.orm import CampaignRow, EvaluationRow, FailureRow, MeasurementRow
from designer.store.records import NOT_DETERMINED, CampaignRecord, EvaluationRecord, PredictedValue, State
from mdcore.chem import Failure, Measurement, unconverged

OF_CANDIDATE = ("key", "psmiles", "origin", "log_prior", "in_corpus", "substance")
"""Fields of an evaluation's record that the row of its candidate holds."""
_DERIVED = (
    "state", "predicted", "campaign", "diagnostics", "provenance", "measurements", "failure", "not_determined",
)  # fmt: skip
PLAIN = tuple(field.name for field in fields(EvaluationRecord) if field.name not in (*OF_CANDIDATE, *_DERIVED))
"""Fields of an evaluation's record that its row holds as they are."""


def campaign_record(row: CampaignRow) -> CampaignRecord:
    """Copy a campaign out of the database."""
    return CampaignRecord(
        id=row.id,
        name=row.name,
        seed=row.seed,
        config=row.config,
        identity=row.identity,
        created_at=row.created_at,
        elapsed_s=row.elapsed_s,
        finished_at=row.finished_at,
        stop_reason=row.stop_reason,
        owner_host=row.owner_host,
        owner_pid=row.owner_pid,
    )


def evaluation_record(row: EvaluationRow) -> EvaluationRecord:
    """Copy an evaluation, its candidate and its outcome out of the database."""
    measurements = tuple(
        Measurement(m.property, m.value, m.stderr, m.unit, m.fidelity, {**row.provenance, **m.provenance})
        for m in row.measurements
    )
    reasons = reasons_of(row.failure) if row.failure else {}
    failure = (
        Failure(row.failure.kind, row.failure.message, {**row.provenance, **row.failure.provenance})
        if row.failure and not reasons
        else None
    )
    state, measurements, failure = as_read(row.state, measurements, failure)
    return EvaluationRecord(
        **{name: getattr(row, name) for name in PLAIN},
        **{name: getattr(row.candidate, name) for name in OF_CANDIDATE},
        state=state,
        predicted={name: PredictedValue(*value) for name, value in row.predicted.items()},
        diagnostics=row.diagnostics,
        provenance=row.provenance,
        measurements=measurements,
        failure=failure,
        not_determined=reasons,
    )


def failure_row(reasons: Mapping[str, str]) -> FailureRow | None:
    """Return the row that stores why an evaluation with measurements does not determine other properties; None without reasons."""
    if not reasons:
        return None
    text = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    return FailureRow(kind=NOT_DETERMINED, message=text, provenance={NOT_DETERMINED: dict(reasons)})


def reasons_of(failure: Any) -> dict[str, str]:
    """Return the reasons by property from a row of `failure_row`; empty for other failures."""
    return dict(failure.provenance[NOT_DETERMINED]) if failure.kind == NOT_DETERMINED else {}


def as_read(
    state: str, measurements: tuple[Measurement, ...], failure: Failure | None
) -> tuple[State, tuple[Measurement, ...], Failure | None]:
    """Return state, measurements and failure of a stored evaluation, corrected for earlier versions.

    Earlier versions stored evaluations with non-finite values or errors as done; they are returned as failures.
    """
    flawed = unconverged(measurements)
    if flawed is None:
        return cast(State, state), measurements, failure
    return "failed", (), replace(flawed, provenance=measurements[0].provenance)


def measurement_rows(measurements: Iterable[Measurement], common: Mapping[str, Any]) -> list[MeasurementRow]:
    """Return rows for measurements of one evaluation.

    Args:
        measurements: The measurements.
        common: Provenance of the evaluation, which is not repeated for each measurement.

    Raises:
        ValueError: A value or error is not finite; such an evaluation must be recorded as a failure.
    """
    measurements = tuple(measurements)
    if (failure := unconverged(measurements)) is not None:
        raise ValueError(failure.message)
    return [
        MeasurementRow(
            property=m.property,
            value=m.value,
            stderr=m.stderr,
            unit=m.unit,
            fidelity=m.fidelity,
            provenance=beyond(m.provenance, common),
        )
        for m in measurements
    ]


def beyond(provenance: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a provenance that are not in the common one."""
    return {key: value for key, value in provenance.items() if key not in common or common[key] != value}
