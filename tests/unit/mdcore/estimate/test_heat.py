"""Estimators of heat transport against the heat equation in one dimension, integrated explicitly."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, W_M_K_PER_INTERNAL
from mdcore.chem.errors import NotDetermined
from mdcore.estimate import Decay, Estimate, HeatFlow, mean_conductivity, thermal_conductivity, thermal_diffusivity
from mdcore.estimate.heat_flow import inner_slabs

LENGTH_NM, AREA_NM2, N = 6.0, 3.0, 12
KAPPA_W_M_K = 0.15
FREEDOM = 400.0
CAPACITY = BOLTZMANN_KJ_MOL_K * FREEDOM * N / (LENGTH_NM * AREA_NM2)  # kJ/mol/K/nm3
DIFFUSIVITY = KAPPA_W_M_K / W_M_K_PER_INTERNAL / CAPACITY  # nm2/ps
TAU_PS = LENGTH_NM**2 / (4 * np.pi**2 * DIFFUSIVITY)
FINE = 5
"""Grid points in a slab."""


def evolved(start_k: np.ndarray, source_k_ps: np.ndarray, times_ps: np.ndarray, diffusivity: float) -> np.ndarray:
    """Return the temperatures of the slabs at the times, shape (r, N), from those of the grid points."""
    dx = LENGTH_NM / len(start_k)
    dt = 0.4 * dx**2 / diffusivity
    temperature, now, found = start_k.copy(), 0.0, []
    for time in times_ps:
        steps = max(1, int(np.ceil((time - now) / dt)))
        h = (time - now) / steps
        for _ in range(steps):
            bend = np.roll(temperature, 1) + np.roll(temperature, -1) - 2 * temperature
            temperature = temperature + h * (diffusivity * bend / dx**2 + source_k_ps)
        now = time
        found.append(temperature.reshape(N, -1).mean(axis=1))
    return np.array(found)


@lru_cache
def heated(taus: float, power: float) -> np.ndarray:
    """Return the profiles of a flow without noise."""
    source = np.zeros(N * FINE)
    strength = power / (CAPACITY * AREA_NM2 * LENGTH_NM / N)
    source[:FINE] -= strength
    source[N // 2 * FINE : (N // 2 + 1) * FINE] += strength
    return evolved(np.full(N * FINE, 300.0), source, np.linspace(0.0, taus * TAU_PS, 201)[1:], DIFFUSIVITY)


@lru_cache
def relaxed(taus: float, smooth: bool) -> np.ndarray:
    """Return the profiles of a decay of 1 K without noise."""
    start = np.repeat([1.0, -1.0], N * FINE // 2)
    if smooth:  # the step is washed out, as after heating
        start = np.mean([np.roll(start, shift) for shift in range(-FINE, FINE + 1)], axis=0)
    return evolved(start, np.zeros(N * FINE), np.linspace(0.0, taus * TAU_PS, 151)[1:], DIFFUSIVITY)


def kinetic(profile_k: np.ndarray) -> np.ndarray:
    return 0.5 * FREEDOM * BOLTZMANN_KJ_MOL_K * profile_k


def flow(taus: float = 16.0, power: float = 12.0, drift: float = 0.0, noise_k: float = 0.0) -> HeatFlow:
    times = np.linspace(0.0, taus * TAU_PS, 201)[1:]
    profile = heated(taus, power).copy()
    profile += np.random.default_rng(5).normal(0.0, 1.0, profile.shape) * noise_k
    energy = 1e4 + drift * power * times + np.random.default_rng(6).normal(0.0, 1.0, len(times))
    return HeatFlow(
        times, kinetic(profile), np.full(profile.shape, FREEDOM), power * times, energy, LENGTH_NM, AREA_NM2
    )


def test_a_slab_that_is_empty_for_a_moment_does_not_change_the_power() -> None:
    whole = flow()
    exchanged = whole.exchanged_kj_mol.copy()
    exchanged[150:] -= exchanged[1] - exchanged[0]  # one interval without an exchange
    found = thermal_conductivity(replace(whole, exchanged_kj_mol=exchanged))
    assert found.about["discarded_ps"] == pytest.approx(4 * TAU_PS, rel=0.03)
    assert found.value == pytest.approx(KAPPA_W_M_K, rel=0.02)
    nothing = np.minimum(exchanged, exchanged[100])
    with pytest.raises(NotDetermined, match="no heat was exchanged at the end of the flow"):
        thermal_conductivity(replace(whole, exchanged_kj_mol=nothing))


def test_the_conductivity_is_that_of_the_heat_equation() -> None:
    found = thermal_conductivity(flow())
    assert found.value == pytest.approx(KAPPA_W_M_K, rel=0.01)
    assert found.about["relaxation_ps"] == pytest.approx(TAU_PS, rel=0.02)
    assert found.about["discarded_ps"] == pytest.approx(4 * TAU_PS, rel=0.03)
    assert min(found.about["r2"]) > 0.999
    assert found.about["temperature_K"] == pytest.approx(300.0, abs=1.0)
    assert found.stderr < 0.01 * found.value
    # Too short a guess or too long a one ends at the same number.
    assert thermal_conductivity(flow(), 0.4).value == pytest.approx(found.value, rel=0.005)


def test_the_error_is_the_larger_of_the_noise_and_half_the_difference_of_the_halves() -> None:
    values, errors = [], []
    for seed in range(40):
        one = flow()
        shaken = one.kinetic_kj_mol + kinetic(np.random.default_rng(seed).normal(0.0, 20.0, one.kinetic_kj_mol.shape))
        noisy = HeatFlow(
            one.times_ps, shaken, one.freedom, one.exchanged_kj_mol, one.energy_kj_mol, LENGTH_NM, AREA_NM2
        )
        found = thermal_conductivity(noisy)
        first, second = found.about["halves_W_m_K"]
        assert found.statistical == pytest.approx(max(found.about["block_stderr_W_m_K"], abs(first - second) / 2))
        values.append(found.value)
        errors.append(found.stderr)
    assert np.mean(values) == pytest.approx(KAPPA_W_M_K, abs=4 * np.std(values) / np.sqrt(40) + 0.01 * KAPPA_W_M_K)
    covered = np.mean(np.abs(np.array(values) - KAPPA_W_M_K) < 2 * np.array(errors))
    assert covered >= 0.85  # 0.95 expected; four standard errors of 40 trials below it


def test_half_of_the_drift_is_corrected_and_enters_the_error_and_more_than_5_percent_is_refused() -> None:
    still, drifting = thermal_conductivity(flow()), thermal_conductivity(flow(drift=-0.04))
    assert drifting.value / still.value == pytest.approx(0.98, rel=0.002)
    assert drifting.about["drift_of_power"] == pytest.approx(-0.04, rel=0.02)
    assert drifting.model == pytest.approx(0.02 * drifting.value, rel=0.02)
    assert drifting.stderr == pytest.approx(np.hypot(drifting.statistical, drifting.model))
    with pytest.raises(NotDetermined, match=r"drifts by -8.0 % of the exchanged power.*lower timestep_fs"):
        thermal_conductivity(flow(drift=-0.08))


def test_a_flow_that_is_too_short_or_drowned_in_noise_is_refused() -> None:
    with pytest.raises(NotDetermined, match=r"is too short: it becomes steady after .* raise duration_ps"):
        thermal_conductivity(flow(taus=6.0))
    one = flow()
    wrong_way = np.roll(one.kinetic_kj_mol, N // 2, axis=1)  # as large a noise as the gradient, and against it
    reverse = HeatFlow(
        one.times_ps, wrong_way, one.freedom, one.exchanged_kj_mol, one.energy_kj_mol, LENGTH_NM, AREA_NM2
    )
    with pytest.raises(NotDetermined, match=r"noise exceeds them: raise duration_ps or gradient_K_nm"):
        thermal_conductivity(reverse)


def test_records_before_a_change_of_the_power_are_not_used() -> None:
    one = flow(taus=20.0)
    changed = one.exchanged_kj_mol.copy()
    late = one.times_ps > 5 * TAU_PS
    changed[~late] *= 1.5
    changed[late] += changed[~late][-1] - one.exchanged_kj_mol[~late][-1]
    found = thermal_conductivity(
        HeatFlow(one.times_ps, one.kinetic_kj_mol, one.freedom, changed, one.energy_kj_mol, LENGTH_NM, AREA_NM2)
    )
    assert found.about["discarded_ps"] == pytest.approx(8 * TAU_PS, rel=0.03)
    assert found.about["power_kj_mol_ps"] == pytest.approx(12.0)
    assert found.value == pytest.approx(KAPPA_W_M_K, rel=0.01)


def test_fitted_slabs_leave_the_exchange_slabs_out_and_in_long_cells_their_neighbours() -> None:
    rising, falling = inner_slabs(12)
    assert (rising.tolist(), falling.tolist()) == ([1, 2, 3, 4, 5], [7, 8, 9, 10, 11])
    rising, falling = inner_slabs(20)
    assert (rising.tolist(), falling.tolist()) == (list(range(2, 9)), list(range(12, 19)))


def test_components_are_averaged_with_the_larger_of_their_errors_and_their_scatter() -> None:
    agree = {axis: Estimate(0.2, 0.03, {}, {"length_nm": 5.0}) for axis in "xyz"}
    found = mean_conductivity(agree)
    assert found.value == pytest.approx(0.2)
    assert found.stderr == pytest.approx(0.03 / np.sqrt(3))
    assert found.about["axes"]["z"] == {"value": 0.2, "stderr": 0.03}
    differ = {"x": Estimate(0.1, 0.01), "y": Estimate(0.2, 0.01), "z": Estimate(0.3, 0.01)}
    assert mean_conductivity(differ).stderr == pytest.approx(0.1 / np.sqrt(3))
    one = mean_conductivity({"x": Estimate(0.2, 0.03)})
    assert (one.value, one.stderr, one.about["axes"]) == (0.2, 0.03, {"x": {"value": 0.2, "stderr": 0.03}})


def decays(noise_k: float = 0.0, taus: float = 2.5, seed: int = 1, smooth: bool = False) -> list[Decay]:
    times = np.linspace(0.0, taus * TAU_PS, 151)[1:]
    rng, found = np.random.default_rng(seed), []
    for sign in (1, -1, 1, -1):
        profile = 300.0 + 50.0 * sign * relaxed(taus, smooth)
        profile += rng.normal(0.0, 1.0, profile.shape) * noise_k
        if noise_k:  # the first wave fluctuates as it does in equilibrium, from its start on
            kept, size = np.exp(-(times[1] - times[0]) / TAU_PS), 300.0 * np.sqrt(2.0 / N / FREEDOM)
            swing = np.zeros(len(times))
            for i in range(1, len(times)):
                swing[i] = kept * swing[i - 1] + size * np.sqrt(1.0 - kept**2) * rng.normal()
            profile += np.outer(swing, np.sin(2.0 * np.pi * (np.arange(N) + 0.5) / N))
        found.append(Decay(times, kinetic(profile), np.full(profile.shape, FREEDOM), sign, LENGTH_NM))
    return found


@pytest.mark.parametrize("smooth", [False, True])
def test_the_diffusivity_is_that_of_the_heat_equation(smooth: bool) -> None:
    found = thermal_diffusivity(decays(smooth=smooth))
    assert found.value == pytest.approx(DIFFUSIVITY * 1e-6, rel=0.01)
    assert found.about["relaxation_ps"] == pytest.approx(TAU_PS, rel=0.01)
    # The least error is that of thermal fluctuations, which these decays lack: 2 s / (A sqrt(1 - exp(-2 t / tau))).
    fluctuation = 300.0 * np.sqrt(2.0 / N / FREEDOM / 4.0)
    assert found.stderr / found.value == pytest.approx(2.0 * fluctuation / (4.0 / np.pi * 50.0), rel=0.3)


def test_the_error_of_the_diffusivity_covers_it() -> None:
    found = [thermal_diffusivity(decays(noise_k=15.0, seed=seed)) for seed in range(40)]
    values = np.array([one.value for one in found]) / (DIFFUSIVITY * 1e-6)
    errors = np.array([one.stderr for one in found]) / (DIFFUSIVITY * 1e-6)
    assert values.mean() == pytest.approx(1.0, abs=4 * values.std() / np.sqrt(40) + 0.02)
    assert np.mean(np.abs(values - 1.0) < 2 * errors) >= 0.81  # 0.95 expected, four standard errors
    assert values.std() == pytest.approx(errors.mean(), rel=0.5)
    assert len(found[0].about["decays_m2_s"]) == 4


def test_decays_that_are_too_few_or_too_short_are_refused() -> None:
    with pytest.raises(NotDetermined, match="at least 2 decays, got 1; raise n_decays"):
        thermal_diffusivity(decays()[:1])
    with pytest.raises(NotDetermined, match=r"cover 0\.\d+ relaxation times.*raise decay_ps"):
        thermal_diffusivity(decays(taus=0.5))
