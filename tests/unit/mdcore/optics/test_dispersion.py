"""Dispersion curves: closed forms, materials with published n(wavelength), and the plot."""

import numpy as np
import pytest

from mdcore.chem import RepeatUnit
from mdcore.estimate.dispersion import fit_dispersion
from mdcore.estimate.refraction import abbe_number, index_estimate, refraction_from_index
from mdcore.optics import Refractions, additive_refractions
from mdcore.optics.plot import plot_dispersion


def refractions(n_C, n_D, n_F, n_g=None):
    r = [None if n is None else float(refraction_from_index(n, 100.0, 1.0)) for n in (n_C, n_D, n_F, n_g)]
    return Refractions(100.0, *r[:3], 0.01, 0.05, "additive", r_g=r[3])


def test_a_sellmeier_oscillator_is_recovered():
    def n(nm):
        return np.sqrt(1 + 1.4 * nm**2 / (nm**2 - 130.0**2))

    curve = fit_dispersion(refractions(n(656.27), n(589.29), n(486.13), n(435.83)), 1.0, "sellmeier")
    assert curve.coefficients == pytest.approx((1.4, 0.0169), rel=1e-9)
    assert float(curve(1000.0)) == pytest.approx(n(1000.0), abs=1e-9)
    assert curve.residual < 1e-12


def test_a_cauchy_law_is_recovered():
    def n(nm):
        um = nm / 1000
        return 1.48 + 0.004 / um**2 + 0.0002 / um**4

    curve = fit_dispersion(refractions(n(656.27), n(589.29), n(486.13)), 1.0, "cauchy")
    assert curve.coefficients == pytest.approx((1.48, 0.004, 0.0002), rel=1e-8)


@pytest.mark.parametrize("form", ["cauchy", "sellmeier"])
def test_polystyrene_in_the_near_infrared(form):
    # Sultanova et al. 2009: n = 1.5717 at 1052 nm, 1.5782 at 830 nm; their sample has n_D 1.5915.
    curve = fit_dispersion(refractions(1.5854, 1.5915, 1.6056), 1.0, form)
    assert float(curve(830.0)) == pytest.approx(1.578, abs=0.003)
    assert float(curve(1052.0)) == pytest.approx(1.572, abs=0.004)
    lines = [float(curve(nm)) for nm in (656.27, 589.29, 486.13)]
    assert float(abbe_number(*lines)) == pytest.approx((1.5915 - 1) / (1.6056 - 1.5854), rel=0.03)


def test_wavelengths_outside_the_transparent_range_are_refused():
    curve = fit_dispersion(refractions(1.585, 1.591, 1.605), 1.0)
    with pytest.raises(ValueError, match="must be within 400 to 1100 nm"):
        curve([500.0, 300.0])
    with pytest.raises(ValueError, match="choose cauchy or sellmeier"):
        fit_dispersion(refractions(1.585, 1.591, 1.605), 1.0, "conrady")


def test_plot_is_written(tmp_path):
    curves = {}
    for name, psmiles, density in (("PS", "*CC(*)c1ccccc1", 1.05), ("PMMA", "*CC(*)(C)C(=O)OC", 1.184)):
        r = additive_refractions(RepeatUnit.from_psmiles(psmiles))
        curves[name] = (fit_dispersion(r, density), index_estimate(r, density).stderr)
    figure = plot_dispersion(curves, tmp_path / "n.png")
    assert (tmp_path / "n.png").stat().st_size > 10_000
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["PS", "PMMA"]
