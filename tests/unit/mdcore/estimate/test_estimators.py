"""Estimators against closed forms."""

import numpy as np
import pytest

from mdcore.dynamics import Series, assess, half_drift, statistical_inefficiency
from mdcore.dynamics.observables.end_to_end_distance import end_to_end_distances
from mdcore.dynamics.observables.nematic_order import nematic_order
from mdcore.dynamics.observables.radius_of_gyration import radii_of_gyration
from mdcore.estimate import (
    Estimate,
    bulk_modulus,
    enthalpy_kj_mol,
    fractional_free_volume,
    frozen_fluctuation,
    isothermal_compressibility,
    mean_estimate,
    root_mean_square,
    thermal_expansion,
)
from mdcore.measure.execute import Analysis
from mdcore.measure.replicates import combine_estimates, combine_replicates

BOLTZMANN = 1.380649e-23


def autoregressive(n: int, phi: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=n)
    series = np.empty(n)
    series[0] = noise[0] / np.sqrt(1 - phi**2)
    for i in range(1, n):
        series[i] = phi * series[i - 1] + noise[i]
    return series


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_statistical_inefficiency_of_an_autoregressive_series(phi):
    rng = np.random.default_rng(1)
    found = [statistical_inefficiency(autoregressive(4000, phi, rng)) for _ in range(40)]
    exact = (1 + phi) / (1 - phi)
    assert np.mean(found) == pytest.approx(exact, rel=0.08 + 3 * np.std(found) / exact / np.sqrt(40))


def test_standard_error_covers_the_true_mean():
    rng = np.random.default_rng(2)
    phi, n, repeats = 0.9, 2000, 300
    inside = 0
    for _ in range(repeats):
        estimate = mean_estimate(autoregressive(n, phi, rng))
        inside += abs(estimate.value) < 1.96 * estimate.stderr
    # Binomial error of the coverage is 1.3 %; the finite window costs a few per cent more.
    assert 0.88 < inside / repeats <= 0.99


def test_naive_error_would_be_too_small():
    series = autoregressive(5000, 0.95, np.random.default_rng(3))
    assert mean_estimate(series).stderr > 4 * series.std() / np.sqrt(len(series))


def test_edge_cases_of_the_mean():
    assert mean_estimate(np.full(50, 3.0)).stderr == 0.0
    assert mean_estimate(np.array([1.0])).stderr == np.inf
    with pytest.raises(ValueError, match="0 samples"):
        mean_estimate(np.array([]))
    assert half_drift(np.array([0.0, 0.0, 1.0, 1.0])) == 1.0


def test_compressibility_and_modulus_of_a_gaussian_volume():
    kappa, temperature, volume = 0.5, 300.0, 6.0
    sigma = np.sqrt(kappa * 1e-9 * BOLTZMANN * temperature * volume * 1e-27) * 1e27
    series = np.random.default_rng(4).normal(volume, sigma, size=20000)
    found = isothermal_compressibility(series, temperature)
    assert found.stderr == pytest.approx(kappa * np.sqrt(2 / 20000), rel=0.5)
    assert abs(found.value - kappa) < 4 * found.stderr
    modulus = bulk_modulus(found)
    assert modulus.value == pytest.approx(1 / found.value)
    assert modulus.stderr == pytest.approx(found.stderr / found.value**2)


def test_expansion_of_correlated_volume_and_enthalpy():
    rng = np.random.default_rng(5)
    temperature, volume, alpha = 300.0, 6.0, 4e-4
    covariance = alpha * volume * 1e-27 * BOLTZMANN * temperature**2
    sigma_v = 0.05
    enthalpy_per_volume = covariance / (sigma_v * 1e-27) ** 2
    fluctuation = rng.normal(0, sigma_v, 20000)
    enthalpy_j = enthalpy_per_volume * fluctuation * 1e-27 + rng.normal(0, 1e-21, 20000)
    found = thermal_expansion(volume + fluctuation, enthalpy_j * 6.02214076e23 / 1e3, temperature)
    assert abs(found.value - alpha) < 4 * found.stderr
    assert found.stderr < 0.1 * alpha


def test_too_short_series_have_no_finite_error():
    assert isothermal_compressibility(np.array([6.0, 6.1, 6.0, 5.9]), 300.0).stderr == np.inf


def test_enthalpy_adds_the_work_against_pressure():
    # 1 atm times 1 nm3 is 0.0610 kJ/mol.
    assert enthalpy_kj_mol(np.array([1.0]), np.array([2.0]), np.array([1.0]), 1.0)[0] == pytest.approx(3.0610, abs=1e-4)


def test_free_volume_of_polystyrene():
    found = fractional_free_volume(Estimate(1.05, 0.01), 0.1044, 104.15)
    assert found.value == pytest.approx(1 - 1.3 * 0.1044 * 602.214 / 104.15 * 1.05 / 1.0, abs=1e-3)
    assert found.stderr == pytest.approx((1 - found.value) * 0.01 / 1.05, rel=1e-9)


def test_root_mean_square_over_chains():
    values = np.tile(np.array([3.0, 4.0]), (10, 1))
    found = root_mean_square(values)
    assert found.value == pytest.approx(np.sqrt(12.5))
    assert found.stderr == pytest.approx(np.std([9, 16], ddof=1) / np.sqrt(2) / (2 * found.value))


def test_chain_sizes_of_a_dumbbell():
    positions = np.array([[0, 0, 0], [2, 0, 0], [5, 5, 5], [5, 5, 9]], dtype=float)
    radii = radii_of_gyration(positions, np.array([1.0, 1, 1, 3]), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(radii, [1.0, np.sqrt(3)])
    np.testing.assert_allclose(end_to_end_distances(positions, np.array([[0, 1], [2, 3]])), [2.0, 4.0])


@pytest.mark.parametrize(("drift", "passes"), [(0.0, True), (0.03, False)])
def test_convergence_sees_a_drift(drift, passes):
    rng = np.random.default_rng(6)
    density = 1.0 + drift * np.arange(200) / 200 + rng.normal(0, 1e-3, 200)
    assert assess(density, rng.normal(0, 1.0, 200), np.ones((200, 2)), 600, 300.0).passed is passes


def test_a_series_comes_back_from_its_arrays_with_every_interval():
    series = Series()
    for i in range(40):
        observed = {"density_g_cm3": np.array(1.0 + i), "radius_of_gyration_nm": np.array([i, -i], dtype=float)}
        if i % 4 == 3:
            observed["box_nm"] = np.full((3, 3), float(i))
        series.append((i // 20, 0.1 * i, 300.0, 1.0), observed)
    members = series.members()
    # One table for all single numbers, and the row numbers only of what lacks rows.
    assert set(members) == {"layout", "table", "columns", "others", "values_0", "values_1", "rows_1"}
    back = Series.restore(members)
    for one in (series, back):
        np.testing.assert_array_equal(one.values("box_nm", [1])[0], [23, 27, 31, 35, 39])
        np.testing.assert_array_equal(one.values("box_nm", [1])[1][:, 2, 1], [23, 27, 31, 35, 39])
        np.testing.assert_array_equal(one.values("radius_of_gyration_nm")[1][:, 1], -np.arange(40))
        np.testing.assert_allclose(one.times_ps(), 0.1 * np.arange(40))
    back.truncate(24)
    assert len(back) == 24
    assert back.values("box_nm")[0].tolist() == [3, 7, 11, 15, 19, 23]
    back.append((1, 9.9, 300.0, 1.0), {"density_g_cm3": np.array(7.0)})
    assert back.values("density_g_cm3")[1][-2:].tolist() == [24.0, 7.0]
    assert back.last_ps == 9.9
    with pytest.raises(ValueError, match="shape"):
        series.append((1, 9.9, 300.0, 1.0), {"density_g_cm3": np.ones(2)})
    with pytest.raises(ValueError, match="later"):
        Series.restore(members | {"layout": np.array(3)})


def test_nematic_order_of_parallel_and_random_segments():
    assert nematic_order(np.array([[0, 0, 1.0], [0, 0, -2.0], [0, 0, 0.5]])) == pytest.approx(1.0)
    assert nematic_order(np.eye(3)) == pytest.approx(0.0, abs=1e-12)
    random = np.random.default_rng(7).normal(size=(20000, 3))
    assert nematic_order(random) < 5 / np.sqrt(20000)
    assert nematic_order(np.zeros((0, 3))) == 0.0


@pytest.mark.parametrize(
    ("values", "errors", "expected"),
    [
        ((1.0, 1.2, 1.1), (0.01, 0.01, 0.01), 0.1 / np.sqrt(3)),
        ((1.1, 1.1), (0.03, 0.04), 0.025),
        ((1.0, 3.0), (np.inf, 0.1), 1.0),
    ],
)
def test_replicates_combine_scatter_and_own_errors(values, errors, expected):
    analyses = [
        Analysis({"density": Estimate(v, e)}, {"converged": True}, {"seed": i})
        for i, (v, e) in enumerate(zip(values, errors, strict=True))
    ]
    combined = combine_replicates(analyses)
    found = combined.estimates["density"]
    assert found.value == pytest.approx(np.mean(values))
    assert found.stderr == pytest.approx(expected)
    assert [one["seed"] for one in found.about["replicates"]] == list(range(len(values)))
    assert combined.diagnostics["converged"] is True
    assert combine_replicates(analyses[:1]) is analyses[0]
    with pytest.raises(ValueError, match="at least 1 replicate"):
        combine_replicates([])


def test_a_model_error_common_to_all_replicates_does_not_average_out():
    one = Estimate(1.49, 0.0054, {"density": 0.002, "model": 0.005})
    found = combine_estimates([one] * 4, range(4))
    assert found.stderr == pytest.approx(np.hypot(0.002 / 2.0, 0.005))
    assert found.parts == {"density": pytest.approx(0.001), "model": 0.005}


def test_a_glass_keeps_the_fluctuation_of_the_melt_that_its_series_does_not_show():
    rng = np.random.default_rng(5)
    # 1.380649e-23 * 450 * 1e-9 / 7e-27 = 8.876e-4, whose root is 2.98 %.
    stiff = 7.0 * (1.0 + 1e-4 * rng.standard_normal(1000))
    assert frozen_fluctuation(stiff) == pytest.approx(np.sqrt(8.876e-4), rel=1e-3)
    half = 7.0 * (1.0 + 0.015 * rng.standard_normal(4000))
    assert frozen_fluctuation(half) == pytest.approx(np.sqrt(8.876e-4 - 0.015**2), rel=0.03)
    melt = 7.0 * (1.0 + 0.03 * rng.standard_normal(1000))
    assert frozen_fluctuation(melt) == 0.0
    # Sixteen times the volume has a quarter of the scatter.
    assert frozen_fluctuation(16.0 * stiff) == pytest.approx(frozen_fluctuation(stiff) / 4.0, rel=1e-3)
