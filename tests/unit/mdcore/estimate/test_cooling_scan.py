"""Glass transitions from scans with known lines, noise and missing stairs; straight lines and other scans that tell nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from made_scans import (
    GLASS,
    GLASS_CP,
    MELT,
    MELT_CP,
    RATE_K_PER_PS,
    TRANSITION_K,
    WIDTH_K,
    made_scan,
    made_stairs,
)

from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.chem.errors import NotDetermined
from mdcore.estimate import (
    Estimate,
    Scan,
    average_stairs,
    cooling_scan,
    scan_density,
    scan_expansion,
    scan_heat_capacity_step,
    scan_transition,
    slow_cooling_transition,
)
from mdcore.estimate.cooling_scan import (
    CELL_SCATTER_ATOMS,
    CELL_SCATTER_K,
    CELL_SCATTER_WEIGHT,
    about_scan,
)
from mdcore.estimate.glass import LABORATORY_COOLING_K_PER_S, WLF_C1, WLF_C2_K
from mdcore.estimate.hyperbola import Hyperbola, fit_hyperbolas, fit_line


def test_a_scan_without_noise_gives_back_its_hyperbola() -> None:
    temperature = np.arange(220.0, 701.0, 20.0)
    for true in (Hyperbola(450.0, 0.3, 2e-4, 4e-4, 20.0), Hyperbola(433.3, -500.0, 3.0, 0.4, 8.0)):
        fit = fit_hyperbolas(temperature, true(temperature), np.ones((1, len(temperature))))[0]
        # T0 is interpolated between starting points, and the width chosen from a list.
        assert fit.transition_k == pytest.approx(true.transition_k, abs=3.0)
        assert fit.cold_slope == pytest.approx(true.cold_slope, rel=0.05)
        assert fit.hot_slope == pytest.approx(true.hot_slope, rel=0.02)
        np.testing.assert_allclose(fit(temperature), true(temperature), atol=5e-3 * np.ptp(true(temperature)))


def test_the_asymptotes_are_the_slopes_far_from_the_transition() -> None:
    curve = Hyperbola(450.0, 0.0, 2.0, 3.0, 10.0)
    for at, slope in ((-1e5, 2.0), (1e5, 5.0)):
        assert np.diff(curve(np.array([at, at + 1.0])))[0] == pytest.approx(slope, rel=1e-6)
    assert curve(np.array([450.0]))[0] == pytest.approx(3.0 * 10.0)


def test_a_line_is_fitted_with_weights() -> None:
    x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 100.0])
    (intercept, slope), squares = fit_line(x, y, np.array([1.0, 1.0, 1.0, 0.0]))
    assert (intercept, slope) == pytest.approx((1.0, 2.0))
    assert squares == pytest.approx(0.0, abs=1e-18)


def test_the_transition_its_lines_and_the_step_are_found() -> None:
    scan = made_scan(1, noise=1e-3)
    found = scan_transition(scan)
    assert found.value == pytest.approx(TRANSITION_K, abs=3 * found.parts["stairs"])
    assert 1.0 < found.parts["stairs"] < 8.0
    for branch, slope in (("glass", GLASS), ("melt", MELT)):
        expansion = scan_expansion(scan, branch)
        assert expansion.value == pytest.approx(slope, abs=4 * expansion.stderr)
        assert 0 < expansion.stderr < 0.1 * MELT
    step = scan_heat_capacity_step(scan)
    assert step.value == pytest.approx(MELT_CP - GLASS_CP, abs=4 * step.stderr)
    assert 0 < step.stderr < 0.05
    assert step.about["heat_capacity"] == "classical"
    for name, slope in (("classical_glass_J_g_K", GLASS_CP), ("classical_melt_J_g_K", MELT_CP)):
        branch_cp = step.about[name]
        assert branch_cp["value"] == pytest.approx(slope, abs=4 * branch_cp["stderr"])
        assert 0 < branch_cp["stderr"] < 0.05
    about = found.about["cooling_scan"]
    assert about["agree"]
    assert about["enthalpy_minus_volume_K"] == pytest.approx(
        about["enthalpy"]["transition_K"] - about["volume"]["transition_K"]
    )
    assert about["volume"]["straight_lines_K"] == pytest.approx(found.value, abs=40.0)
    assert about["range_K"] == [220.0, 700.0]


def test_the_stated_interval_covers_the_true_transition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooling_scan, "RESAMPLES", 100)
    n = 60
    inside = 0
    for seed in range(n):
        found = made_scan(seed, noise=3e-3).volume
        inside += abs(found.hyperbola.transition_k - TRANSITION_K) < 1.96 * found.stairs_stderr_k
    assert inside / n >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / n)


def test_the_interval_of_several_cells_covers_the_true_transition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooling_scan, "RESAMPLES", 40)
    n, rng = 30, np.random.default_rng(3)
    inside, errors = 0, []
    for _ in range(n):
        own = rng.normal(TRANSITION_K, CELL_SCATTER_K, 3)
        cells = tuple(made_stairs(rng, noise=1e-3, transition_k=t, n_atoms=CELL_SCATTER_ATOMS) for t in own)
        found = scan_transition(Scan(cells, RATE_K_PER_PS))
        errors.append(found.stderr)
        inside += abs(found.value - TRANSITION_K) < 1.96 * found.stderr
    assert inside / n >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / n)
    # Three cells: the scatter of one, over the square root of three, and what the noise adds.
    assert np.mean(errors) == pytest.approx(CELL_SCATTER_K / math.sqrt(3), rel=0.3)


def test_the_scatter_between_cells_is_assumed_for_one_and_learnt_from_many() -> None:
    one = scan_transition(made_scan(1, n_atoms=CELL_SCATTER_ATOMS))
    assert one.parts["cells"] == pytest.approx(CELL_SCATTER_K)
    assert scan_transition(made_scan(1, n_atoms=CELL_SCATTER_ATOMS // 4)).parts["cells"] == pytest.approx(
        2 * CELL_SCATTER_K
    )
    rng = np.random.default_rng(5)
    cells = tuple(made_stairs(rng, transition_k=t, n_atoms=CELL_SCATTER_ATOMS) for t in (420.0, 450.0, 480.0))
    scan = Scan(cells, RATE_K_PER_PS)
    found = scan_transition(scan)
    own = scan.volume.cells_k
    assert np.std(own, ddof=1) == pytest.approx(30.0, abs=10.0)
    assumed = found.parts["stairs"] ** 2 + CELL_SCATTER_K**2 / 3
    observed = float(np.var(own, ddof=1)) / 3
    expected = (CELL_SCATTER_WEIGHT * assumed + 2 * observed) / (CELL_SCATTER_WEIGHT + 2)
    assert found.stderr == pytest.approx(math.sqrt(expected))


def test_cells_together_determine_what_one_alone_does_not() -> None:
    rng = np.random.default_rng(11)
    cells = [made_stairs(rng, noise=1.5e-2) for _ in range(8)]
    alone = [Scan((cell,), RATE_K_PER_PS).volume.reason for cell in cells]
    assert sum(reason is not None for reason in alone) >= 2
    together = Scan(tuple(cells), RATE_K_PER_PS)
    assert together.volume.reason is None
    assert scan_transition(together).value == pytest.approx(TRANSITION_K, abs=3 * together.volume.stairs_stderr_k)


def test_missing_stairs_leave_the_transition() -> None:
    whole = made_scan(4, noise=1e-3).cells[0]
    keep = np.random.default_rng(1).permutation(len(whole.temperature_k))[6:]
    keep.sort()
    names = (
        "temperature_k",
        "log_volume",
        "log_volume_stderr",
        "enthalpy_j_g",
        "enthalpy_stderr_j_g",
        "drift_z",
        "frozen",
    )
    scan = Scan((replace(whole, **{name: getattr(whole, name)[keep] for name in names}),), RATE_K_PER_PS)
    found = scan_transition(scan)
    assert found.value == pytest.approx(TRANSITION_K, abs=3 * found.parts["stairs"])


@pytest.mark.parametrize("seed", range(12))
def test_a_straight_line_has_no_transition(seed: int) -> None:
    scan = made_scan(seed, noise=3e-3, bend=0.0, step_bend=0.0)
    for estimate in (scan_transition, scan_heat_capacity_step, lambda one: scan_expansion(one, "glass")):
        with pytest.raises(NotDetermined):
            estimate(scan)
    assert scan.enthalpy.reason is not None
    assert "agree" not in about_scan(scan)
    # The density needs no transition.
    assert scan_density(scan, 300.0).value > 0


def test_each_reason_says_what_to_do() -> None:
    def reason(**how: object) -> str:
        return str(made_scan(1, noise=5e-4, **how).volume.reason)

    assert "less than 60 K from an end" in reason(transition_k=660.0)
    assert "move protocols.cooling_scan.hottest_K" in reason(transition_k=660.0)
    assert "move protocols.cooling_scan.coldest_K" in reason(transition_k=275.0)
    assert "less than 2 standard errors" in reason(bend=-4e-4)
    with pytest.raises(NotDetermined, match="has 6 stairs with at least 8 records; at least 10 are needed"):
        scan_transition(made_scan(1, temperature_k=np.arange(300.0, 601.0, 60.0)))
    # A good fit, but straight lines that meet elsewhere or not at all.
    found = made_scan(1).volume
    for lines, words in ((TRANSITION_K + 60.0, "meet at 510 K, more than 40 K away"), (None, "do not meet")):
        said = cooling_scan._why_not(replace(found, lines_k=lines), made_scan(1).temperature_k, 1e9, 1.0)
        assert words in str(said)
    assert cooling_scan._why_not(found, made_scan(1).temperature_k, 1e9, 1.0) is None


def test_the_shift_to_laboratory_rates_is_that_of_wlf() -> None:
    raw = Estimate(500.0, 25.0, {"stairs": 15.0, "cells": 20.0}, {"cooling_scan": {}})
    for rate in (1.0, 0.04):
        found = slow_cooling_transition(raw, rate)
        x = math.log10(rate * 1e12 / LABORATORY_COOLING_K_PER_S)
        shift = WLF_C2_K * x / (WLF_C1 - x)
        assert found.value == pytest.approx(500.0 - shift)
        assert found.parts == pytest.approx({"stairs": 15.0, "cells": 20.0, "model": 0.3 * shift})
        assert found.stderr == pytest.approx(math.hypot(25.0, 0.3 * shift))
        assert found.about == {"cooling_scan": {}, "shift_K": pytest.approx(shift)}
    assert slow_cooling_transition(raw, 0.04).value == pytest.approx(500.0 - 97.0, abs=0.5)


def test_the_density_is_that_of_the_stair_or_between_two() -> None:
    cell = made_stairs(np.random.default_rng(2), noise=1e-3)
    at = {t: math.exp(-v) for t, v in zip(cell.temperature_k, cell.log_volume, strict=True)}
    scan = Scan((cell,), RATE_K_PER_PS)
    exact = scan_density(scan, 300.0)
    assert exact.value == pytest.approx(at[300.0])
    index = list(cell.temperature_k).index(300.0)
    assert exact.stderr == pytest.approx(exact.value * cell.log_volume_stderr[index])
    assert scan_density(scan, 310.0).value == pytest.approx(math.sqrt(at[300.0] * at[320.0]))
    glassy = Scan((replace(cell, frozen=np.full(len(cell.frozen), 0.03)),), RATE_K_PER_PS)
    assert scan_density(glassy, 300.0).stderr == pytest.approx(math.hypot(exact.stderr, 0.03 * exact.value))
    with pytest.raises(NotDetermined, match="does not include 150 K"):
        scan_density(scan, 150.0)


def test_stairs_are_averaged_over_their_second_half() -> None:
    rng = np.random.default_rng(7)
    target = np.repeat([500.0, 480.0, 460.0, 440.0], [400, 400, 400, 7])
    mass = 6000.0
    settling = np.concatenate([np.linspace(1.0, 0.0, 200), np.zeros(200)])
    volume = np.concatenate([10.0 + settling, 9.9 + settling, np.linspace(9.9, 9.6, 400), np.full(7, 9.0)])
    volume = volume + 0.02 * rng.normal(size=len(volume))
    density = mass * DALTON_PER_NM3_TO_G_CM3 / volume
    enthalpy = 2.0 * target + rng.normal(size=len(target))
    found = average_stairs(target, density, volume, enthalpy, 600)
    np.testing.assert_array_equal(found.temperature_k, [460.0, 480.0, 500.0])  # that of 7 records is left out
    assert math.exp(found.log_volume[2]) == pytest.approx(10.0 / (mass * DALTON_PER_NM3_TO_G_CM3), abs=5e-4)
    assert found.log_volume_stderr[2] == pytest.approx(0.02 / 10.0 / math.sqrt(200), rel=0.5)
    np.testing.assert_allclose(found.enthalpy_j_g, 2.0 * found.temperature_k * 1e3 / mass, rtol=1e-3)
    assert found.drifting.tolist() == [True, False, False]
    assert found.n_atoms == 600
    assert WIDTH_K > 0
