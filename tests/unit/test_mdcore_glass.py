"""Cooling ramps with known lines."""

import numpy as np
import pytest

from mdcore.properties import Estimate
from mdcore.properties.glass import fit_glass, ramp_expansion, slowly_cooled_density

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


def test_slow_cooling_follows_the_melt_line_further_down():
    fit = fit_glass(*ramp(0.0))
    density = Estimate(1.0, 0.01)
    corrected = slowly_cooled_density(fit, density, 373.0, 300.0)
    assert corrected.value == pytest.approx(np.exp((MELT - GLASS) * (KINK - 373.0)), rel=1e-3)
    assert corrected.stderr == pytest.approx(0.01 * corrected.value)
    assert slowly_cooled_density(fit, density, 250.0, 300.0) == density
    assert slowly_cooled_density(fit, density, 500.0, 300.0) == density


def test_short_ramps_are_refused():
    with pytest.raises(ValueError, match="10 records and 50 K"):
        fit_glass(np.linspace(300, 310, 100), np.ones(100))
    with pytest.raises(ValueError, match="cannot show a kink"):
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
