"""Density of states and heat capacity against closed forms: Einstein's and Debye's functions, lines in temperature, ideal gases."""

import numpy as np
import pytest

from mdcore.chem.constants import BOLTZMANN_J_K, BOLTZMANN_KJ_MOL_K, LIGHT_SPEED_M_S, PLANCK_J_S
from mdcore.estimate import (
    DensityOfStates,
    Estimate,
    HeatCapacityParts,
    PressureRun,
    density_of_states,
    heat_capacity_parts,
    mean_density_of_states,
    quantum_weight,
)
from mdcore.estimate.heat_capacity import anharmonic_capacity, expansion_capacity, quantum_capacity

T = 300.0
CM_PER_PS = 100.0 * LIGHT_SPEED_M_S * 1e-12
"""1/cm in 1/ps."""


def test_the_weight_is_einsteins_function() -> None:
    x = PLANCK_J_S * LIGHT_SPEED_M_S * 1e5 / (BOLTZMANN_J_K * T)
    assert x == pytest.approx(4.795923, abs=1e-6)
    assert quantum_weight(1000.0, T) == pytest.approx(x**2 * np.exp(x) / (np.exp(x) - 1.0) ** 2, rel=1e-13)
    assert quantum_weight(1000.0, T) == pytest.approx(0.193245, abs=5e-7)
    np.testing.assert_array_equal(quantum_weight([0.0, 1e6], T), [1.0, quantum_weight(1e6, T)])
    assert 0.0 <= quantum_weight(1e6, T) < 1e-100
    # Continuous where the series takes over, at x = 1e-4.
    edge = 1e-4 * BOLTZMANN_J_K * T / (PLANCK_J_S * LIGHT_SPEED_M_S * 100.0)
    assert np.ptp(quantum_weight(edge * np.array([0.999999, 1.000001]), T)) < 1e-13
    # Constrained X-H stretches would add nothing.
    assert quantum_weight(2850.0, T) < 3e-4


def cosines(wavenumbers: object, masses: object, n_frames: int, interval_ps: float, seed: int = 0) -> np.ndarray:
    """Return velocities of one oscillator an axis, each of kinetic energy kT/2 on average, with random phases."""
    nu, m = np.asarray(wavenumbers, dtype=float), np.asarray(masses, dtype=float)
    phases = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, nu.shape)
    times = np.arange(n_frames) * interval_ps
    amplitude = np.sqrt(2.0 * BOLTZMANN_KJ_MOL_K * T / m)[:, None]
    return amplitude * np.cos(2.0 * np.pi * CM_PER_PS * nu * times[:, None, None] + phases)


def test_a_cosine_has_the_heat_capacity_of_its_oscillator() -> None:
    found = density_of_states(cosines(np.full((20, 3), 1000.0), np.ones(20), 4096, 0.004), np.ones(20), 0.004, 60.0)
    assert found.degrees_of_freedom == pytest.approx(60.0, rel=1e-12)
    assert found.quantum_capacity(T) / 60.0 == pytest.approx(0.193245, abs=5e-6)
    assert found.wavenumbers_per_cm[np.argmax(found.counts)] == pytest.approx(1000.0, abs=2.1)
    assert found.wavenumbers_per_cm[-1] == pytest.approx(4169.6, abs=0.1)  # Nyquist


@pytest.mark.parametrize("n_frames", [624, 625])
def test_short_runs_do_not_blur_the_heat_capacity(n_frames: int) -> None:
    """2.5 ps: the resolution of 13/cm matters less than 1e-3."""
    nu = np.linspace(20.0, 1600.0, 90).reshape(30, 3)
    masses = np.linspace(1.0, 16.0, 30)
    found = density_of_states(cosines(nu, masses, n_frames, 0.004), masses, 0.004, 90.0)
    assert found.quantum_capacity(T) == pytest.approx(float(quantum_weight(nu, T).sum()), rel=1e-3)


def test_atoms_weigh_by_their_energy_and_not_by_their_speed() -> None:
    """Two frequencies of a light and a heavy atom at one temperature count the same."""
    masses = np.array([1.008, 32.0])
    velocities = cosines([[300.0] * 3, [1500.0] * 3], masses, 2500, 0.004)
    found = density_of_states(velocities, masses, 0.004, 6.0)
    low = found.counts[found.wavenumbers_per_cm < 900.0].sum()
    assert low == pytest.approx(3.0, rel=1e-3)
    assert found.quantum_capacity(T) == pytest.approx(3.0 * quantum_weight([300.0, 1500.0], T).sum(), rel=1e-3)


def test_blocks_of_atoms_and_single_precision_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    velocities, masses = rng.normal(size=(64, 7, 3)), rng.uniform(1.0, 16.0, 7)
    whole = density_of_states(velocities, masses, 0.004, 18.0)
    # The power of a full spectrum is the windowed kinetic energy (Parseval), here of each atom alone.
    own = [density_of_states(velocities[:, [i]], masses[[i]], 0.004, 1.0).counts for i in range(7)]
    window = np.hanning(66)[1:-1]
    energy = (masses * (velocities**2 * window[:, None, None] ** 2).sum(axis=(0, 2))) / 18.0
    np.testing.assert_allclose(whole.counts, (energy @ np.array(own)) / energy.sum() * 18.0, rtol=1e-12)
    monkeypatch.setattr("mdcore.estimate.vibrations._BLOCK_VALUES", 400)
    np.testing.assert_allclose(density_of_states(velocities, masses, 0.004, 18.0).counts, whole.counts, rtol=1e-12)
    single = density_of_states(velocities.astype(np.float32), masses, 0.004, 18.0)
    np.testing.assert_allclose(single.counts, whole.counts, rtol=1e-5)
    with pytest.raises(ValueError, match="at least 8 frames, got 7"):
        density_of_states(velocities[:7], masses, 0.004, 18.0)


def test_a_debye_spectrum_has_debyes_heat_capacity() -> None:
    """C / (3 N k) = 3 (T/D)^3 int_0^(D/T) x^4 e^x / (e^x - 1)^2 dx: 0.95173 at T = D, 0.50308 at T = D/4 (tables of Debye's function)."""
    for theta, expected in ((T, 0.951733), (4.0 * T, 0.503059)):
        edge = theta * BOLTZMANN_J_K / (PLANCK_J_S * LIGHT_SPEED_M_S * 100.0)
        nu = np.linspace(0.0, edge, 20_001)
        counts = nu**2
        counts[-1] *= 0.5  # trapezoids
        spectrum = DensityOfStates(nu, counts / counts.sum())
        assert spectrum.quantum_capacity(T) == pytest.approx(expected, abs=2e-5)


def test_the_density_integrates_to_the_degrees_of_freedom() -> None:
    """The first interval is half as wide, as negative wavenumbers are folded onto positive ones."""
    rng = np.random.default_rng(2)
    spectra = [density_of_states(rng.normal(size=(400, 5, 3)), np.ones(5), 0.004, 15.0) for _ in range(40)]
    mean = mean_density_of_states(spectra)
    assert mean.degrees_of_freedom == pytest.approx(15.0)
    # White noise is flat, also at 0; a Hann window correlates neighbours, so the error of a bin is about 1/sqrt(40 * 15).
    np.testing.assert_allclose(mean.density_cm[:-1], 15.0 / mean.wavenumbers_per_cm[-1], rtol=0.25)


def visits(
    temperature: float, capacity_k: float, excess_k: float, volume: float, rng: np.random.Generator, n: int = 400
):
    """Return a visit with U = K + excess_k k T, K of capacity_k / 2 k T, and independent fluctuations."""
    kinetic = 0.5 * capacity_k * BOLTZMANN_KJ_MOL_K * temperature + rng.normal(0.0, 30.0, n)
    potential = kinetic + excess_k * BOLTZMANN_KJ_MOL_K * temperature + rng.normal(0.0, 2.0, n)
    return PressureRun(temperature, potential, kinetic, volume + rng.normal(0.0, 0.05, n))


def test_parts_add_up_to_the_classical_and_the_quantum_heat_capacity() -> None:
    """U - K rises by 50 k per kelvin, with a noise that a fit to H would drown in the kinetic energy."""
    rng = np.random.default_rng(3)
    cold = [visits(285.0, 1200.0, 50.0, 5.97, rng, 200), visits(285.0, 1200.0, 50.0, 5.97, rng, 200)]
    hot = [visits(315.0, 1200.0, 50.0, 6.03, rng)]
    spectra = [
        DensityOfStates(np.array([0.0, 1000.0]), np.array([share, 1.0 - share]) * 1200.0) for share in (0.205, 0.215)
    ]
    parts = heat_capacity_parts(spectra, cold, hot, T, 0.0)
    assert parts.degrees_of_freedom == 1200
    # Two means of 400 values each with a standard deviation of 2 kJ/mol: 0.1414 kJ/mol over 30 K, 0.567 k.
    assert parts.anharmonic.stderr == pytest.approx(np.sqrt(2.0) * 2.0 / 20.0 / (30.0 * BOLTZMANN_KJ_MOL_K), rel=0.2)
    assert parts.anharmonic.value == pytest.approx(50.0, abs=4 * 0.567)
    assert parts.classical.value == pytest.approx(1250.0, abs=4 * 0.567)
    weight = float(quantum_weight(1000.0, T))
    assert parts.quantum.value == pytest.approx(1200.0 * (0.21 + 0.79 * weight))
    # The scatter, 1200 * 0.005 * sqrt(2) (1 - w), is smaller than the binomial one of 1200 degrees of freedom of two kinds.
    assert parts.quantum.stderr == pytest.approx(np.sqrt(1200.0 * 0.21 * 0.79 / 2.0) * (1.0 - weight), rel=1e-3)
    half = quantum_capacity(spectra, T, recorded_share=0.5)
    assert half.stderr == pytest.approx(np.sqrt(2.0) * parts.quantum.stderr)
    apart = [DensityOfStates(np.array([0.0, 1000.0]), np.array([one, 1.0 - one]) * 1200.0) for one in (0.2, 0.3)]
    assert quantum_capacity(apart, T).stderr == pytest.approx(1200.0 * 0.05 * (1.0 - weight))
    assert parts.correction.value == pytest.approx(parts.quantum.value - 1200.0)
    total = parts.total
    assert total.value == pytest.approx(parts.classical.value + parts.correction.value)
    assert total.stderr == pytest.approx(np.hypot(parts.quantum.stderr, parts.anharmonic.stderr))
    assert np.hypot(*total.parts.values()) == pytest.approx(total.stderr)
    # 1 k per 12 g/mol is 8.314 / 12 J/g/K.
    assert HeatCapacityParts.joule_per_g_k(12.0) == pytest.approx(8.314463 / 12.0, rel=1e-6)


def test_the_error_of_a_spectrum_is_that_of_random_energies_of_its_vibrations() -> None:
    """1000 runs of 60 vibrations, each with an exponentially distributed energy that it keeps."""
    rng = np.random.default_rng(6)
    nu = np.linspace(50.0, 1500.0, 60)
    weight = quantum_weight(nu, T)
    energies = rng.exponential(size=(1000, 60))
    capacities = 60.0 * (energies @ weight) / energies.sum(axis=1)
    expected = DensityOfStates(nu, np.ones(60)).capacity_variance(T)
    assert capacities.var() == pytest.approx(expected, rel=0.15)


def test_a_glass_weighs_the_enthalpy_against_cp_minus_cv() -> None:
    """Errors of 30 and sqrt(24^2 + 18^2) = 30 count the same; without an error of the direct part only that counts."""
    direct, quantum, expansion = Estimate(-60.0, 30.0), Estimate(500.0, 5.0), Estimate(20.0, 24.0)
    parts = HeatCapacityParts(1200, direct, quantum, expansion, 18.0)
    assert (parts.anharmonic.value, parts.anharmonic.stderr) == (
        pytest.approx(-20.0),
        pytest.approx(30.0 / np.sqrt(2.0)),
    )
    assert parts.classical.value == pytest.approx(1180.0)
    assert parts.total.value == pytest.approx(480.0)
    assert HeatCapacityParts(1200, direct, quantum, expansion).anharmonic == direct
    unknown = HeatCapacityParts(1200, direct, quantum, Estimate(0.0, float("inf")), 18.0)
    assert unknown.anharmonic.value == pytest.approx(-60.0)
    assert unknown.anharmonic.stderr == pytest.approx(30.0)


def test_the_pressure_does_work() -> None:
    """An ideal gas of n particles: U = 0, H = 5/2 n k T, so that the part beyond 3 n k is -1/2 n k."""
    n, pressure = 100.0, 2.0
    cold, hot = (
        PressureRun(
            temperature,
            np.zeros(50),
            np.full(50, 1.5 * n * BOLTZMANN_KJ_MOL_K * temperature),
            np.full(50, n * BOLTZMANN_J_K * temperature / (pressure * 101325.0) * 1e27),
        )
        for temperature in (285.0, 315.0)
    )
    found = anharmonic_capacity([cold], [hot], pressure, round(3 * n))
    assert found.value == pytest.approx(-0.5 * n, rel=1e-9)
    assert found.stderr == pytest.approx(0.0, abs=1e-9)


def test_a_linear_ageing_of_the_glass_cancels() -> None:
    """Cold for half of the time, hot, cold: an energy that falls linearly in time leaves the difference alone."""
    time = np.arange(400, dtype=np.float64)
    energy = 50.0 * BOLTZMANN_KJ_MOL_K * np.repeat([285.0, 315.0, 285.0], [100, 200, 100]) - 0.01 * time
    kinetic, volume = 30.0 * BOLTZMANN_KJ_MOL_K * np.repeat([285.0, 315.0, 285.0], [100, 200, 100]), np.full(400, 6.0)
    runs = [
        PressureRun(temperature, energy[part], kinetic[part], volume[part])
        for temperature, part in ((285.0, slice(0, 100)), (315.0, slice(100, 300)), (285.0, slice(300, 400)))
    ]
    assert anharmonic_capacity([runs[0], runs[2]], [runs[1]], 1.0, 60).value == pytest.approx(50.0 - 30.0, rel=1e-9)


def test_visits_that_differ_by_more_than_their_own_error_say_so() -> None:
    """Two cold visits that differ by 8 kJ/mol: their mean is known to 4 kJ/mol, 16 k of 30 K, though each series is steady."""
    rng = np.random.default_rng(7)
    cold = [visits(285.0, 1200.0, 50.0, 6.0, rng), visits(285.0, 1200.0, 50.0, 6.0, rng)]
    hot = [visits(315.0, 1200.0, 50.0, 6.0, rng)]
    steady = anharmonic_capacity(cold, hot, 1.0, 1200)
    moved = PressureRun(285.0, cold[1].potential_kj_mol + 8.0, cold[1].kinetic_kj_mol, cold[1].volume_nm3)
    found = anharmonic_capacity([cold[0], moved], hot, 1.0, 1200)
    assert steady.stderr < 1.0
    assert found.stderr == pytest.approx(4.0 / (30.0 * BOLTZMANN_KJ_MOL_K), rel=0.1)


def test_fast_fluctuations_do_not_hide_slow_ones() -> None:
    """A slow process of 10 kJ/mol with a correlation time of 500 of 8000 records, below noise of 100 kJ/mol.

    The mean has the error sqrt(2 tau / n) sigma = 3.5 kJ/mol from the one and 1.1 kJ/mol from the other, 3.7 kJ/mol together.
    """
    rng = np.random.default_rng(8)
    kinetic, volume = np.full(8000, 1500.0), np.full(8000, 6.0)

    def slow() -> np.ndarray:
        values, keep = np.empty(8000), np.exp(-1.0 / 500.0)
        values[0] = rng.normal()
        for i, kick in enumerate(rng.normal(size=7999) * np.sqrt(1.0 - keep**2), start=1):
            values[i] = keep * values[i - 1] + kick
        return 10.0 * values

    errors = []
    for _ in range(8):
        cold, hot = (
            PressureRun(t, slow() + rng.normal(0.0, 100.0, 8000), kinetic * t / 300.0, volume) for t in (285.0, 315.0)
        )
        errors.append(anharmonic_capacity([cold], [hot], 0.0, 1200).stderr * 30.0 * BOLTZMANN_KJ_MOL_K / np.sqrt(2.0))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(3.7, rel=0.35)


def test_cp_minus_cv_of_an_ideal_gas_is_nk() -> None:
    """Var(V) = V^2/n and dV/dT = V/T, so that T (dV/dT)^2 k T / Var(V) is n k."""
    rng = np.random.default_rng(4)
    n, volume = 200.0, 8.0

    def gas(temperature: float, size: int) -> PressureRun:
        mean = volume * temperature / T
        noise = rng.normal(0.0, mean / np.sqrt(n), size)
        return PressureRun(temperature, np.zeros(size), np.zeros(size), mean + noise - noise.mean())

    found = expansion_capacity([gas(285.0, 20_000), gas(285.0, 20_000)], [gas(315.0, 40_000)], T)
    # The variance of 80,000 values is known to 0.5 %.
    assert found.value == pytest.approx(n, rel=0.02)
    assert 0.0 < found.stderr < 0.1 * n
