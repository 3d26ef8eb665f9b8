import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from mdcore.chem import RepeatUnit
from surrogates import (
    InvalidObservations,
    Objective,
    Observations,
    SurrogateSettings,
    UnknownSurrogate,
    fit_surrogates,
)
from surrogates.features import features_from_arrays
from surrogates.replay import Oracle, Strategy, replay
from surrogates.settings import AcquisitionSettings
from surrogates.validation import (
    calibration_figure,
    clusters,
    cross_validate,
    folds,
    leave_one_out,
    metrics_of,
    parity_figure,
)

SIDES = ("C", "F", "Cl", "O", "OC", "C#N", "c1ccccc1", "C(=O)OC", "C(C)C", "CC", "N", "C(F)(F)F")
UNITS = tuple(RepeatUnit.from_psmiles(f"*CC(*){a}") for a in SIDES) + tuple(
    RepeatUnit.from_psmiles(f"*CC(*)(C){a}") for a in SIDES
)
DENSITY = np.array([0.6 + 0.05 * unit.molar_mass_g_mol / unit.n_heavy_atoms for unit in UNITS])
INDEX = np.array([1.4 + 0.01 * unit.n_heavy_atoms for unit in UNITS])


def test_metrics_of_known_normals():
    measured, mean, sd = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]), np.array([0.5, 1.0, 0.4])
    metrics = metrics_of(measured, mean, sd)
    assert metrics.mae == pytest.approx(0.5)
    assert metrics.rmse == pytest.approx(np.sqrt(1.25 / 3))
    assert metrics.r2 == pytest.approx(1 - 1.25 / np.sum((measured - 7 / 3) ** 2))
    assert metrics.nll == pytest.approx(-norm.logpdf(measured, mean, sd).mean())
    assert metrics.coverage == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    crps = [
        quad(lambda t, m=m, s=s: norm.cdf(t, m, s) ** 2, -20, y)[0]
        + quad(lambda t, m=m, s=s: norm.sf(t, m, s) ** 2, y, 20)[0]
        for y, m, s in zip(measured, mean, sd, strict=True)
    ]
    assert metrics.crps == pytest.approx(np.mean(crps), rel=1e-6)


def test_folds_keep_groups_whole_and_even():
    groups = np.array([0, 0, 0, 1, 2, 3, 3, 4, 5, 6])
    parts = folds(groups, 3, 0)
    for group in set(groups.tolist()):
        assert len(set(parts[groups == group].tolist())) == 1
    assert max(np.bincount(parts)) - min(np.bincount(parts)) <= 1
    with pytest.raises(InvalidObservations, match="fewer folds"):
        folds([1, 1, 2], 3, 0)


def test_cross_validation_predicts_what_it_has_not_seen():
    observations = Observations(UNITS + UNITS[:4], {"density": np.concatenate([DENSITY, DENSITY[:4]])})
    validation = cross_validate(observations, "density")
    assert validation.metrics.n == 28
    assert validation.metrics.r2 > 0.6
    # A twin in the training folds would be predicted almost exactly.
    assert np.abs(validation.mean - validation.measured)[:4].max() > 1e-4
    by_cluster = cross_validate(observations, "density", groups="cluster", k=3)
    assert by_cluster.metrics.mae >= 0.5 * validation.metrics.mae
    labels = clusters(observations, lambda units: _features(units))
    assert (labels[24:] == labels[:4]).all()


def test_intervals_of_repeats_without_errors_hold_what_they_should():
    """60 polymers measured two to four times with a scatter of half the spread between polymers, no error given."""
    rng = np.random.default_rng(12)
    units = tuple(RepeatUnit.from_psmiles(f"*{'C' * n}{a}*") for n in range(1, 21) for a in ("O", "S", "OC(=O)"))
    features = features_from_arrays(descriptors=rng.normal(size=(len(units), 3)))
    place = {unit.key: i for i, unit in enumerate(units)}
    truth = 400 + 60 * (np.sin(features.descriptors[:, 0]) + 0.5 * features.descriptors[:, 1])
    rows = np.repeat(np.arange(60), rng.integers(2, 5, size=60))
    values = truth[rows] + 0.5 * truth.std() * rng.normal(size=len(rows))
    observations = Observations(tuple(units[i] for i in rows), {"glass_transition_temperature": values})

    def featurise(wanted):
        return features.take(np.array([place[unit.key] for unit in wanted]))

    found = cross_validate(observations, "glass_transition_temperature", featurise=featurise)
    assert 0.92 <= found.metrics.coverage[2] <= 0.98
    assert 0.44 <= found.metrics.coverage[0] <= 0.58


def test_leave_one_out_predicts_each_measurement_from_the_others():
    values = DENSITY.copy()
    values[3] = np.nan
    surrogates = fit_surrogates(Observations(UNITS, {"density": values}), ["density"])
    found = leave_one_out(surrogates, "density")
    np.testing.assert_array_equal(found.rows, np.delete(np.arange(len(UNITS)), 3))
    np.testing.assert_array_equal(found.measured, np.delete(DENSITY, 3))
    kept = np.delete(np.arange(len(UNITS)), [3, 7])
    known = {"density": surrogates.models[0].document()}
    without = fit_surrogates(Observations(UNITS, {"density": values}).take(kept), ["density"], fitted=known)
    # The standardisation of the rest differs a little; the posterior is that of the rest.
    assert found.mean[6] == pytest.approx(without.predict([UNITS[7]]).mean[0, 0], abs=0.2 * found.sd[6])
    assert 0.5 < found.metrics.r2 < 1.0


def test_leave_one_out_says_when_it_cannot():
    seen = Observations(UNITS, {"density": DENSITY, "refractive_index": np.where(np.arange(24) < 1, INDEX, np.nan)})
    settings = SurrogateSettings(exact_points=10, inducing_points=5)
    surrogates = fit_surrogates(seen, ["density", "refractive_index"], settings)
    with pytest.raises(InvalidObservations, match="raise exact_points above 24"):
        leave_one_out(surrogates, "density")
    with pytest.raises(InvalidObservations, match="requires at least 2 measurements"):
        leave_one_out(surrogates, "refractive_index")
    with pytest.raises(UnknownSurrogate):
        leave_one_out(surrogates, "abbe_number")


def _features(units):
    from surrogates.features import shared_featuriser

    return shared_featuriser(SurrogateSettings())(units)


def test_figures_are_drawn(tmp_path):
    validation = cross_validate(Observations(UNITS, {"density": DENSITY}), "density", k=3)
    for name, draw in (("parity", parity_figure), ("calibration", calibration_figure)):
        draw(validation).savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5000


def test_replay_finds_the_front_and_keeps_count():
    values = {"density": DENSITY.copy(), "refractive_index": INDEX.copy()}
    values["density"][5] = np.nan
    oracle = Oracle(UNITS, values)
    objectives = [Objective("density"), Objective("refractive_index")]
    result = replay(oracle, objectives, Strategy("bo"), evaluations=40, batch=3, seed=1, random_start=4)
    assert len(result.order) == 20
    assert len({*result.start.tolist(), *result.order.tolist()}) == 24
    points = oracle.table(objectives)
    front = [
        i
        for i in range(24)
        if not np.isnan(points[i]).any()
        and not any((points[j] >= points[i]).all() and (points[j] > points[i]).any() for j in range(24) if j != i)
    ]
    assert result.front_found[-1] == len(front)
    assert (np.diff(result.front_found) >= 0).all()
    assert (np.diff(result.volume) >= -1e-12).all()
    assert result.volume[-1] == pytest.approx(1.0)
    assert result.evaluations_to(len(front)) <= 20
    assert result.evaluations_to(len(front) + 1) is None
    random = Strategy("random", acquisition=AcquisitionSettings(method="random"))
    again = [replay(oracle, objectives, random, 6, 3, 7, random_start=4).order for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_replay_starts_from_known_units_outside_the_pool():
    oracle = Oracle(UNITS[4:], {"density": DENSITY[4:]})
    known = Observations(UNITS[:4], {"density": DENSITY[:4]})
    result = replay(oracle, [Objective("density")], Strategy("bo"), 4, 2, 0, known=known)
    assert len(result.start) == 0
    assert len(result.order) == 4
    assert result.front_found[0] == 0
