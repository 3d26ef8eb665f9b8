import numpy as np
import pytest
from scipy.stats import norm

from designer.analysis.front import front_frame, front_records, hypervolume_history
from designer.campaign.likelihood import MAX_FRONT_POINTS, improving, region_likelihood, within_limits
from designer.campaign.observations import observations_of
from designer.config.sections import ObjectiveSettings
from designer.store import EvaluationRecord
from mdcore.chem import Failure, Measurement, RepeatUnit
from surrogates import Constraint, Objective, fit_surrogates

BOTH = (Objective("refractive_index"), Objective("abbe_number"))


def record(ordinal: int, n: float | None, abbe: float | None, failure: Failure | None = None) -> EvaluationRecord:
    values = {"refractive_index": n, "abbe_number": abbe}
    return EvaluationRecord(
        id=ordinal, ordinal=ordinal, state="failed" if failure else "done", key=f"*{'C' * ordinal}O*",
        psmiles=f"*{'C' * ordinal}O*", origin="test", log_prior=None, in_corpus=False, step="initial", seed=0, folder="x",
        acquisition=None, predicted={}, attempts=1, stage=None, fraction=None, worker=None, created_at=0.0, started_at=0.0,
        finished_at=float(ordinal), wall_s=1.0, diagnostics={}, provenance={}, failure=failure,
        measurements=tuple(Measurement(p, v, 0.01, "1", "md-quick-2", {}) for p, v in values.items() if v is not None),
    )  # fmt: skip


RECORDS = (
    record(1, 1.5, 50.0),
    record(2, 1.6, 40.0),
    record(3, 1.4, 45.0),  # dominated by the first
    record(4, None, None, Failure("exploded", "hot")),
    record(5, 1.7, None),  # lacks an objective
    record(6, 1.6, 45.0),  # dominates the second
)


def test_the_front_holds_what_nothing_dominates_best_first() -> None:
    assert [r.ordinal for r in front_records(RECORDS, BOTH)] == [6, 1]
    least = (Objective("refractive_index", "minimise"),)
    assert [r.ordinal for r in front_records(RECORDS, least)] == [3]
    assert front_records((), BOTH) == ()


def test_the_hypervolume_grows_by_hand() -> None:
    counts, volumes = hypervolume_history(RECORDS, BOTH)
    # Front of all: (1.6, 45), (1.5, 50); the reference lies a tenth of the ranges (0.1, 5) below its worst point.
    reference = 1.49, 44.5
    first = (1.5 - reference[0]) * (50 - reference[1])
    last = first + (1.6 - 1.5) * (45 - reference[1])
    assert list(counts) == [1, 2, 3, 4, 5, 6]
    assert volumes == pytest.approx([first] * 5 + [last])


def test_the_frame_of_an_empty_front_has_its_columns() -> None:
    frame = front_frame((), BOTH)
    assert len(frame) == 0
    assert "abbe_number_stderr" in frame.columns


def test_observations_are_sorted_and_leave_machine_failures_out() -> None:
    machine = record(7, None, None, Failure("worker", "lost"))
    shuffled = [RECORDS[3], machine, RECORDS[0], RECORDS[4]]
    observations = observations_of(shuffled, ("refractive_index", "abbe_number"))
    assert [unit.key for unit in observations.units] == sorted(r.key for r in (RECORDS[3], RECORDS[0], RECORDS[4]))
    assert observations.failed.sum() == 1
    assert np.isnan(observations.values["abbe_number"]).sum() == 2
    assert np.nanmax(observations.stderrs["refractive_index"]) == 0.01


def settings(*objectives: dict[str, object]) -> tuple[ObjectiveSettings, ...]:
    return tuple(ObjectiveSettings.model_validate(objective) for objective in objectives)


def test_regions_are_what_improves_the_front() -> None:
    n, abbe = {"property": "refractive_index"}, {"property": "abbe_number"}
    assert improving(settings(n), np.array([[1.6], [1.5]])) == ({"refractive_index": (1.6, None)},)
    regions = improving(settings(n, abbe), np.array([[1.6, 45.0], [1.5, 50.0]]))
    # The reference lies a tenth of the ranges below the worst values of the front.
    assert [region["refractive_index"] for region in regions] == [(1.49, 1.5), (1.5, 1.6), (1.6, None)]
    assert [region["abbe_number"] for region in regions] == [(50.0, None), (45.0, None), (44.5, None)]
    many = np.column_stack([np.linspace(1.4, 1.6, 500), np.linspace(60, 30, 500)])
    assert len(improving(settings(n, abbe), many)) == MAX_FRONT_POINTS + 1


def test_an_objective_with_a_region_is_to_lie_there() -> None:
    n = {"property": "refractive_index"}
    modulus = {"property": "bulk_modulus", "region": {"low": 1.0, "high": 2.0}}
    own = {"bulk_modulus": (1.0, 2.0)}
    front = np.array([[1.7, 0.5], [1.6, 1.5], [1.4, 1.9]])
    assert improving(settings(n, modulus), front) == ({"refractive_index": (1.6, None), **own},)
    assert improving(settings(n, modulus), front[:1]) == (own,)
    assert improving(settings(modulus), front[:, 1:]) == (own,)


def test_limits_cut_regions() -> None:
    regions = ({"refractive_index": (1.6, None)}, {"refractive_index": (1.5, 1.6), "abbe_number": (40.0, None)})
    limits = (Constraint("refractive_index", high=1.55), Constraint("density", low=1.0))
    (left,) = within_limits(regions, limits)
    assert left == {"refractive_index": (1.5, 1.55), "abbe_number": (40.0, None), "density": (1.0, None)}
    (alone,) = within_limits(regions[:1], limits)
    assert alone == {"refractive_index": (None, 1.55), "density": (1.0, None)}
    assert within_limits(({},), limits) == (alone,)


def test_the_likelihood_is_the_probability_of_one_of_the_regions() -> None:
    units = [RepeatUnit.from_psmiles(text) for text in ("*CCO*", "*CC(*)c1ccccc1", "*CS*")]
    surrogates = fit_surrogates(
        observations_of(RECORDS, ("refractive_index", "abbe_number")), [o.property for o in BOTH]
    )
    regions = ({"refractive_index": (1.6, None), "abbe_number": (None, 45.0)}, {"abbe_number": (50.0, None)})
    prediction = surrogates.predict(units)
    # A measured polymer has almost no variance: its tails underflow unless they are taken in logarithms.
    high = norm.logsf(1.6, prediction.mean[:, 0], prediction.sd[:, 0])
    both = high + norm.logcdf(45.0, prediction.mean[:, 1], prediction.sd[:, 1])
    one = norm.logsf(50.0, prediction.mean[:, 1], prediction.sd[:, 1])
    assert region_likelihood(surrogates, regions)(units) == pytest.approx(np.logaddexp(both, one), rel=1e-9)


def test_the_tail_of_the_likelihood_is_finite_at_nine_sigma() -> None:
    """Log of the upper tail of a normal distribution at nine standard deviations: -43.628."""
    units = [RepeatUnit.from_psmiles("*CCCCCCCC(C)C*")]
    surrogates = fit_surrogates(observations_of(RECORDS, ("refractive_index",)), ["refractive_index"])
    prediction = surrogates.predict(units)
    edge = float(prediction.mean[0, 0] + 9 * prediction.sd[0, 0])
    (value,) = region_likelihood(surrogates, ({"refractive_index": (edge, None)},))(units)
    assert value == pytest.approx(-43.628, abs=1e-3)
