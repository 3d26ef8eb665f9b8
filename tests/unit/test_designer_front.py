import numpy as np
import pytest
from scipy.stats import norm

from designer.campaign.front import front_frame, front_records, hypervolume_history
from designer.campaign.likelihood import MAX_FRONT_POINTS, improvement_likelihood, targets_beyond
from designer.campaign.observations import observations_of
from designer.config.sections import ObjectiveSettings
from designer.store import EvaluationRecord
from mdcore.chem import Failure, Measurement, RepeatUnit
from surrogates import Objective, fit_surrogates

BOTH = (Objective("refractive_index"), Objective("abbe_number"))


def record(ordinal: int, n: float | None, abbe: float | None, failure: Failure | None = None) -> EvaluationRecord:
    values = {"refractive_index": n, "abbe_number": abbe}
    return EvaluationRecord(
        id=ordinal, ordinal=ordinal, state="failed" if failure else "done", key=f"*{'C' * ordinal}O*",
        psmiles=f"*{'C' * ordinal}O*", origin="test", log_prior=None, in_corpus=False, step="initial", seed=0, folder="x",
        acquisition=None, predicted={}, attempts=1, stage=None, fraction=None, worker=None, created_at=0.0, started_at=0.0,
        finished_at=float(ordinal), wall_s=1.0, diagnostics={}, provenance={}, failure=failure,
        measurements=tuple(Measurement(p, v, 0.01, "1", "md-quick", {}) for p, v in values.items() if v is not None),
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


def test_regions_lie_beyond_each_point_of_the_front() -> None:
    objectives = (
        ObjectiveSettings(property="refractive_index"),
        ObjectiveSettings(property="density", direction="minimise"),
        ObjectiveSettings(property="abbe_number", direction="target", value=40.0),
        ObjectiveSettings.model_validate({"property": "bulk_modulus", "region": {"low": 1.0, "high": 2.0}}),
    )
    (region,) = targets_beyond(objectives, np.array([[1.6, 1.1, 43.0, 1.5]]))
    assert region == {
        "refractive_index": (1.6, None),
        "density": (None, 1.1),
        "abbe_number": (37.0, 43.0),
        "bulk_modulus": (1.0, 2.0),
    }
    many = targets_beyond(objectives[:1], np.linspace(1.4, 1.6, 50)[:, None])
    assert len(many) == MAX_FRONT_POINTS
    assert many[-1] == {"refractive_index": (1.6, None)}


def test_the_likelihood_is_the_mean_probability_of_the_regions() -> None:
    units = [RepeatUnit.from_psmiles(text) for text in ("*CCO*", "*CC(*)c1ccccc1", "*CS*")]
    surrogates = fit_surrogates(
        observations_of(RECORDS, ("refractive_index", "abbe_number")), [o.property for o in BOTH]
    )
    regions = ({"refractive_index": (1.6, None), "abbe_number": (45.0, None)}, {"abbe_number": (50.0, None)})
    prediction = surrogates.predict(units)
    # A measured polymer has almost no variance: its tails underflow unless they are taken in logarithms.
    both = norm.logsf([1.6, 45.0], prediction.mean, prediction.sd).sum(axis=1)
    one = norm.logsf(50.0, prediction.mean[:, 1], prediction.sd[:, 1])
    expected = np.logaddexp(both, one) - np.log(2)
    assert improvement_likelihood(surrogates, regions)(units) == pytest.approx(expected, rel=1e-9)
