"""What slow cooling would have given, from universal constants and from cooling ramps with known lines."""

import math

import numpy as np
import pytest

from mdcore.cell import RandomSequence
from mdcore.chem import RepeatUnit
from mdcore.dynamics.stages import DynamicsStage, MinimiseStage
from mdcore.estimate import Cooling, Estimate, slowly_cooled_density
from mdcore.estimate.glass import (
    LABORATORY_COOLING_K_PER_S,
    SIMHA_BOYER,
    WLF_C1,
    WLF_C2_K,
    fit_glass,
    ramp_corrected_density,
    ramp_expansion,
    slow_cooling_shrinkage,
    transition_shift_k,
)
from mdcore.measure import Copolymer
from mdcore.protocols.cooling import glass_forming_cooling
from mdcore.substances import as_substance

GLASS, MELT, KINK = 2.0e-4, 6.0e-4, 430.0


def ramp(noise: float) -> tuple[np.ndarray, np.ndarray]:
    temperature = np.linspace(600, 300, 301)
    log_volume = np.log(50.0) + GLASS * np.minimum(temperature - KINK, 0) + MELT * np.maximum(temperature - KINK, 0)
    return temperature, np.exp(log_volume + np.random.default_rng(1).normal(0, noise, 301))


@pytest.mark.parametrize(("noise", "tolerance"), [(0.0, 1e-2), (2e-3, 0.12)])
def test_lines_and_kink_are_found(noise, tolerance):
    fit = fit_glass(*ramp(noise))
    assert fit.transition_k == pytest.approx(KINK, rel=tolerance)
    assert fit.glass_expansion_per_k == pytest.approx(GLASS, rel=3 * tolerance)
    assert fit.melt_expansion_per_k == pytest.approx(MELT, rel=2 * tolerance)
    assert fit.residual == pytest.approx(noise, abs=5e-4)


def test_the_shift_is_where_relaxation_meets_the_cooling_rate():
    for rate in (1e-6, 1.0, 12.0):
        shift = transition_shift_k(rate)
        # Relaxation times at Tg and at Tg + shift are as the two cooling rates are.
        decades = WLF_C1 * shift / (WLF_C2_K + shift)
        assert 10**decades == pytest.approx(rate * 1e12 / LABORATORY_COOLING_K_PER_S, rel=1e-9)
    assert transition_shift_k(1.0) == pytest.approx(141.5, abs=0.5)
    assert transition_shift_k(LABORATORY_COOLING_K_PER_S * 1e-12) == pytest.approx(0.0, abs=1e-9)
    assert transition_shift_k(LABORATORY_COOLING_K_PER_S * 1e-13) == 0.0
    with pytest.raises(ValueError, match="must be positive"):
        transition_shift_k(0.0)
    assert transition_shift_k(1e5) == math.inf


def test_two_lines_of_volume_give_the_shrinkage():
    transition, shift = 373.0, 120.0
    melt = 7.0e-4
    glass = melt - SIMHA_BOYER / transition

    def log_volume(kink, temperature):
        return (melt if temperature > kink else glass) * (temperature - kink) + melt * kink

    for temperature in (250.0, 300.0, 400.0, 450.0, 600.0):
        expected = log_volume(transition + shift, temperature) - log_volume(transition, temperature)
        found = slow_cooling_shrinkage(transition, temperature, shift)
        assert found == pytest.approx(expected, abs=1e-12)
    assert slow_cooling_shrinkage(transition, 600.0, shift) == 0.0


def test_universal_correction_of_a_glass_and_of_what_needs_none():
    density = Estimate(1.0, 0.02)
    found = slowly_cooled_density(density, 300.0, Cooling(1.0, 700.0), 373.0, 10.0)
    shrinkage = SIMHA_BOYER / 373.0 * transition_shift_k(1.0)
    assert found.value == pytest.approx(math.exp(shrinkage))
    assert found.statistical == pytest.approx(0.02 * found.value)
    parts = 0.3 * shrinkage, 0.2 * shrinkage, shrinkage * 10.0 / 373.0
    assert found.model == pytest.approx(found.value * math.hypot(*parts), rel=1e-2)
    assert found.stderr == pytest.approx(math.hypot(found.statistical, found.model))
    for same in (
        slowly_cooled_density(density, 300.0, None, 373.0, 50.0),
        slowly_cooled_density(density, 600.0, Cooling(1.0, 700.0), 200.0, 50.0),
    ):
        assert (same.value, same.stderr, same.model) == (1.0, 0.02, 0.0)


def test_the_stated_error_covers_polymers_that_scatter_as_stated():
    rng = np.random.default_rng(5)
    inside, n = 0, 2000
    for _ in range(n):
        transition = rng.uniform(320.0, 450.0)
        shift = transition_shift_k(2.0) * (1.0 + 0.3 * rng.standard_normal())
        product = 1.0 + 0.2 * rng.standard_normal()
        density = math.exp(-product * slow_cooling_shrinkage(transition, 300.0, max(shift, 0.0)))
        noisy = Estimate(density * (1.0 + 0.02 * rng.standard_normal()), 0.02 * density)
        found = slowly_cooled_density(
            noisy, 300.0, Cooling(2.0, 1000.0), transition + 50.0 * rng.standard_normal(), 50.0
        )
        inside += abs(found.value - 1.0) < 1.96 * found.stderr
    # Four binomial errors.
    assert inside / n == pytest.approx(0.95, abs=4.0 * math.sqrt(0.95 * 0.05 / n))


def test_the_error_of_the_force_field_is_a_part_common_to_replicates():
    density = Estimate(1.0, 0.03)
    for cooling in (None, Cooling(1.0, 700.0)):
        without = slowly_cooled_density(density, 300.0, cooling, 373.0, 10.0)
        found = slowly_cooled_density(density, 300.0, cooling, 373.0, 10.0, 0.0125)
        assert found.value == without.value
        assert found.parts == {**without.parts, "force_field": 0.0125}
        assert found.stderr == pytest.approx(math.hypot(without.stderr, 0.0125))
        assert found.statistical == without.statistical
        assert found.model == pytest.approx(math.hypot(without.model, 0.0125))


def test_the_cooling_in_which_the_glass_forms_counts():
    def stage(start, end, duration):
        return DynamicsStage(
            name="x", ensemble="nvt", duration_ps=duration, temperature_K=(start, end), timestep_fs=4.0
        )

    stages = [
        MinimiseStage(),
        stage(1000.0, 300.0, 7.0),
        stage(300.0, 600.0, 9.0),
        stage(600.0, 300.0, 30.0),
        stage(300.0, 300.0, 5.0),
    ]
    assert glass_forming_cooling(stages, 373.0) == Cooling(10.0, 600.0)
    assert glass_forming_cooling(stages[2:3], 373.0) is None
    # The shift at 0.01 K/ps is 83 K, at 0.1 K/ps 104 K.
    parts = [stage(700.0, 500.0, 2000.0), stage(500.0, 400.0, 10000.0), stage(400.0, 300.0, 1000.0)]
    assert glass_forming_cooling(parts, 350.0) == Cooling(0.01, 700.0)
    assert glass_forming_cooling(parts, 397.0) == Cooling(0.1, 700.0)
    assert glass_forming_cooling(parts, 300.0) == Cooling(0.1, 700.0)
    assert glass_forming_cooling(parts, 150.0) == Cooling(0.1, 700.0)


def test_no_glass_remembers_more_than_where_its_cooling_began():
    density = Estimate(1.0, 0.0)
    for rate in (1e3, 1e5):
        found = slowly_cooled_density(density, 300.0, Cooling(rate, 600.0), 400.0)
        assert found.value == pytest.approx(math.exp(SIMHA_BOYER / 400.0 * 200.0))
        assert slowly_cooled_density(density, 300.0, Cooling(rate, 390.0), 400.0).value == 1.0


def test_glass_transitions_known_estimated_and_mixed():
    stiff, supple = RepeatUnit.from_psmiles("*CC(*)c1ccccc1"), RepeatUnit.from_psmiles("*CCO*")
    assert as_substance(stiff).glass_transition_k(373.0) == (373.0, 10.0)
    own = {unit: as_substance(unit).glass_transition_k(None)[0] for unit in (stiff, supple)}
    assert own[supple] < own[stiff] - 50.0
    mixed = Copolymer((stiff, supple), RandomSequence(fractions=(0.5, 0.5)))
    weight = stiff.molar_mass_g_mol / (stiff.molar_mass_g_mol + supple.molar_mass_g_mol)
    expected = 1.0 / (weight / own[stiff] + (1.0 - weight) / own[supple])
    assert mixed.glass_transition_k(None)[0] == pytest.approx(expected)


# Measured: Brandrup, Immergut, Grulke, Polymer Handbook, 4th ed. (1999); three standard errors of the estimate.
@pytest.mark.parametrize(
    ("psmiles", "measured_k"),
    [
        ("*CC(*)c1ccccc1", 373.0),
        ("*CC*", 195.0),
        ("*CC(*)Cl", 354.0),
        ("*CCO*", 206.0),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", 423.0),
    ],
)
def test_estimated_glass_transitions_are_near_measured_ones(psmiles, measured_k):
    found, error = as_substance(RepeatUnit.from_psmiles(psmiles)).glass_transition_k(None)
    assert abs(found - measured_k) < 3.0 * error


def test_the_estimate_does_not_depend_on_the_spelling():
    for one, other in (("*CCO*", "*OCC*"), ("*CC*", "*CCCC*"), ("*CC(*)C", "*C(C)C*")):
        units = RepeatUnit.from_psmiles(one), RepeatUnit.from_psmiles(other)
        assert as_substance(units[0]).glass_transition_k(None) == as_substance(units[1]).glass_transition_k(None)


def test_the_ramp_correction_follows_the_melt_line_further_down():
    fit = fit_glass(*ramp(0.0))
    density = Estimate(1.0, 0.01)
    corrected = ramp_corrected_density(fit, density, 373.0, 300.0)
    assert corrected.value == pytest.approx(np.exp((MELT - GLASS) * (KINK - 373.0)), rel=1e-3)
    assert corrected.stderr == pytest.approx(0.01 * corrected.value)
    assert ramp_corrected_density(fit, density, 250.0, 300.0) == density
    assert ramp_corrected_density(fit, density, 500.0, 300.0) == density


def test_short_ramps_are_refused():
    with pytest.raises(ValueError, match="at least 10 records over 50 K"):
        fit_glass(np.linspace(300, 310, 100), np.ones(100))
    with pytest.raises(ValueError, match="0 records over 0 K is too short"):
        fit_glass(np.array([]), np.array([]))


def test_expansion_of_the_cold_end_of_a_ramp():
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(200):
        temperature = np.linspace(600, 300, 301)
        log_volume = GLASS * (temperature - 300) + rng.normal(0, 2e-3, 301)
        found = ramp_expansion(temperature, np.exp(log_volume))
        inside += abs(found.value - GLASS) < 1.96 * found.stderr
    # Binomial error of the coverage is 1.5 %.
    assert 0.88 < inside / 200 < 0.995
    assert found.stderr == pytest.approx(2e-3 / np.sqrt(101 * 100**2 / 12), rel=0.3)


def test_too_short_a_ramp_has_no_finite_error():
    assert ramp_expansion(np.linspace(300, 600, 12), np.ones(12)).stderr == np.inf
