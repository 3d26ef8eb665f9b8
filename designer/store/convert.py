"""Rows of the store as frozen records."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from designer.store.orm import CampaignRow, EvaluationRow, MeasurementRow
from designer.store.records import CampaignRecord, EvaluationRecord, PredictedValue, State
from mdcore.chem import Failure, Measurement, unconverged


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
    failure = (
        Failure(row.failure.kind, row.failure.message, {**row.provenance, **row.failure.provenance})
        if row.failure
        else None
    )
    state, measurements, failure = as_read(row.state, measurements, failure)
    return EvaluationRecord(
        id=row.id,
        ordinal=row.ordinal,
        state=state,
        key=row.candidate.key,
        psmiles=row.candidate.psmiles,
        origin=row.candidate.origin,
        log_prior=row.candidate.log_prior,
        in_corpus=row.candidate.in_corpus,
        substance=row.candidate.substance,
        step=row.step,
        seed=row.seed,
        folder=row.folder,
        acquisition=row.acquisition,
        predicted={name: PredictedValue(*value) for name, value in row.predicted.items()},
        attempts=row.attempts,
        stage=row.stage,
        fraction=row.fraction,
        worker=row.worker,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        wall_s=row.wall_s,
        diagnostics=row.diagnostics,
        provenance=row.provenance,
        measurements=measurements,
        failure=failure,
        source=row.source,
        shared_from=row.shared_from,
        finished_no=row.finished_no,
        reserved_until=row.reserved_until,
        cpu_hours=row.cpu_hours,
        gpu_hours=row.gpu_hours,
        ns_per_day=row.ns_per_day,
        remaining_s=row.remaining_s,
    )


def as_read(
    state: str, measurements: tuple[Measurement, ...], failure: Failure | None
) -> tuple[State, tuple[Measurement, ...], Failure | None]:
    """Return state, measurements and failure of a stored evaluation as the program treats them.

    Earlier versions stored measurements without a finite value and error as done; they are failures.
    """
    flawed = unconverged(measurements)
    if flawed is None:
        return cast(State, state), measurements, failure
    return "failed", (), replace(flawed, provenance=measurements[0].provenance)


def measurement_rows(measurements: Iterable[Measurement], common: Mapping[str, Any]) -> list[MeasurementRow]:
    """Return rows for measurements of one evaluation.

    Args:
        measurements: What was measured.
        common: Provenance of the evaluation, which is not written again for each measurement.

    Raises:
        ValueError: One of them has no finite value and error; such an evaluation is recorded as a failure.
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
    """Return the entries of a provenance that the common one does not hold."""
    return {key: value for key, value in provenance.items() if key not in common or common[key] != value}
