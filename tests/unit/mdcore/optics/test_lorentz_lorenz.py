"""Lorentz-Lorenz: closed forms, inversion, and error propagation against Monte Carlo."""

import math

import numpy as np
import pytest

from mdcore.estimate.refraction import (
    abbe_estimate,
    abbe_number,
    dielectric_estimate,
    index_estimate,
    molar_refraction,
    refraction_from_index,
    refractive_index,
    scaled_lines,
)
from mdcore.optics import Refractions

POLYSTYRENE = Refractions(104.15, 33.35, 33.65, 34.25, 0.008, 0.02, "additive")


def test_water_from_its_polarizability():
    # Oscillator strength data give 1.470 A^3 at the sodium line (Zeiss and Meath 1977); n_D(water, 20 C) = 1.3330.
    n = refractive_index(molar_refraction(1.470), 18.015, 0.9982)
    assert float(n) == pytest.approx(1.3330, abs=0.0015)


def test_molar_refraction_of_one_cubic_angstrom():
    assert float(molar_refraction(1.0)) == pytest.approx(4 * math.pi / 3 * 0.602214076, rel=1e-12)


def test_reduced_refraction_of_one_quarter_is_root_two():
    # phi = 1/4 gives n^2 = (3/2) / (3/4) = 2.
    assert float(refractive_index(25.0, 100.0, 1.0)) == pytest.approx(math.sqrt(2.0), rel=1e-14)


def test_index_and_refraction_are_inverse():
    n = np.linspace(1.0, 2.5, 31)
    r = refraction_from_index(n, 123.4, 1.17)
    np.testing.assert_allclose(refractive_index(r, 123.4, 1.17), n, rtol=1e-13)


def test_vacuum_has_index_one():
    assert float(refractive_index(10.0, 100.0, 0.0)) == 1.0


@pytest.mark.parametrize("density", [-1.0, 4.0, float("nan")])
def test_unphysical_reduced_refraction_is_refused(density):
    with pytest.raises(ValueError, match="outside"):
        refractive_index(33.65, 104.15, density)


def test_abbe_number_of_bk7():
    assert float(abbe_number(1.51432, 1.51673, 1.52238)) == pytest.approx(64.11, abs=0.05)
    with pytest.raises(ValueError, match="must be positive"):
        abbe_number(1.5, 1.49, 1.49)


def test_index_error_has_the_closed_form():
    estimate = index_estimate(POLYSTYRENE, 1.05, 0.02)
    n = estimate.value
    slope = (n**2 - 1) * (n**2 + 2) / (6 * n)
    assert estimate.statistical == pytest.approx(slope * 0.02 / 1.05, rel=1e-6)
    assert estimate.model == pytest.approx(slope * 0.008, rel=1e-6)
    assert estimate.stderr == pytest.approx(math.hypot(estimate.statistical, estimate.model))


def test_five_percent_of_density_is_0_036_in_n():
    assert index_estimate(POLYSTYRENE, 1.05, 0.0525).statistical == pytest.approx(0.036, abs=0.002)


@pytest.mark.parametrize(
    ("estimate", "quantity"),
    [
        (index_estimate, lambda n: n[:, 1]),
        (dielectric_estimate, lambda n: n[:, 1] ** 2),
        (abbe_estimate, lambda n: abbe_number(n[:, 0], n[:, 1], n[:, 2])),
    ],
)
def test_propagation_agrees_with_monte_carlo(estimate, quantity):
    rng = np.random.default_rng(20260101)
    size = 200_000
    density, stderr = 1.05, 0.01
    zero = np.zeros(size)

    def sample(density_on: bool, model_on: bool) -> np.ndarray:
        level, spread = (
            rng.normal(0, s, size) if model_on else zero
            for s in (POLYSTYRENE.relative_error, POLYSTYRENE.relative_dispersion_error)
        )
        rho = density + (rng.normal(0, stderr, size) if density_on else zero)
        lines = scaled_lines(POLYSTYRENE, level, spread)
        return quantity(refractive_index(lines, POLYSTYRENE.molar_mass_g_mol, rho[:, None]))

    result = estimate(POLYSTYRENE, density, stderr)
    # A sampled SD is good to 1/sqrt(2N) = 0.16 %; first-order propagation to a few squares of the errors, 0.2 %.
    assert np.std(sample(True, False)) == pytest.approx(result.statistical, rel=0.01)
    assert np.std(sample(False, True)) == pytest.approx(result.model, rel=0.01)
    both = sample(True, True)
    assert np.std(both) == pytest.approx(result.stderr, rel=0.01)
    assert np.mean(both) == pytest.approx(result.value, abs=5 * result.stderr / math.sqrt(size) + result.stderr**2)


def test_density_errors_nearly_cancel_in_the_abbe_number():
    n, nu = index_estimate(POLYSTYRENE, 1.05, 0.0105), abbe_estimate(POLYSTYRENE, 1.05, 0.0105)
    assert nu.statistical / nu.value < 0.5 * n.statistical / (n.value - 1)


@pytest.mark.parametrize(("density", "stderr"), [(0.0, 0.0), (-1.0, 0.1), (1.0, -0.1), (float("nan"), 0.0)])
def test_bad_densities_are_refused(density, stderr):
    with pytest.raises(ValueError, match="must be positive"):
        index_estimate(POLYSTYRENE, density, stderr)


def test_anomalous_refractions_are_refused():
    with pytest.raises(ValueError, match="increase towards shorter wavelengths"):
        Refractions(100.0, 33.0, 32.0, 31.0, 0.01, 0.05, "dft")
    with pytest.raises(ValueError, match="zero or positive"):
        Refractions(100.0, 31.0, 32.0, 33.0, -0.01, 0.05, "dft")
