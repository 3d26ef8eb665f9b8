"""Scans of several cells: read from the records of the runs, and estimated together."""

from types import SimpleNamespace

import numpy as np
import pytest
from made_evidence import MadeRun
from made_scans import GLASS, MELT, TRANSITION_K, WIDTH_K

from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.estimate import Estimate
from mdcore.estimate.hyperbola import Hyperbola
from mdcore.measure.execute import Analysis
from mdcore.measure.replicates import combine_replicates
from mdcore.optics import OpticsSettings
from mdcore.properties import measured_property
from mdcore.properties.evidence import Evidence
from mdcore.protocols import Conditions, CoolingScan
from mdcore.settings import SimulationSettings
from mdcore.substances import Homopolymer

SETTINGS = SimulationSettings.model_validate(
    {"replicates": 2, "protocols": {"cooling_scan": {"hottest_K": 700.0, "coldest_K": 220.0}}}
)
NAMES = ("glass_transition_temperature", "simulated_glass_transition", "melt_linear_expansion", "scan_cooled_density")
MASS_G_MOL = 6000.0


def evidence(seed: int, noise: float, transition_k: float = TRANSITION_K) -> Evidence:
    """Return the evidence of one cell whose stairs fluctuate without correlation."""
    rng, polymer = np.random.default_rng(seed), Homopolymer.example()
    stages = CoolingScan.of(SETTINGS).plan(polymer, Conditions.of(polymer, SETTINGS))
    target = np.repeat(np.arange(700.0, 219.0, -20.0), 40)
    log_volume = Hyperbola(transition_k, 0.0, GLASS, MELT - GLASS, WIDTH_K)(target)
    density = np.exp(-log_volume - noise * rng.normal(size=len(target)))
    rows = {
        "temperature_target_K": target,
        "density_g_cm3": density,
        "volume_nm3": MASS_G_MOL * DALTON_PER_NM3_TO_G_CM3 / density,
        "potential_kj_mol": 20.0 * target + 30.0 * rng.normal(size=len(target)),
        "kinetic_kj_mol": 5.0 * target,
    }
    run = MadeRun({"stair": rows}, stages, SimpleNamespace(n_atoms=5000))
    return Evidence(polymer, SETTINGS, OpticsSettings(kind="additive"), {"cooling_scan": run})  # type: ignore[dict-item]


def analysis(cell: Evidence, seed: int) -> Analysis:
    return Analysis({name: cell.estimate(name) for name in NAMES}, {}, {"seed": seed}, {}, cell)


def test_the_cells_of_replicates_are_fitted_together() -> None:
    cells = [evidence(seed, 2e-3, TRANSITION_K + shift) for seed, shift in ((1, -10.0), (2, 10.0))]
    analyses = [analysis(cell, seed) for seed, cell in enumerate(cells)]
    found = combine_replicates(analyses)
    raw = found.estimates["simulated_glass_transition"]
    assert raw.value == pytest.approx(TRANSITION_K, abs=4.0)
    assert raw.parts["cells"] > 5.0  # the scatter between cells
    assert raw.about["cooling_scan"]["cells"] == 2
    assert raw.about["cooling_scan"]["rate_K_per_ps"] == pytest.approx(0.8)
    own = [one["value"] for one in raw.about["replicates"]]
    assert own == pytest.approx([TRANSITION_K - 10.0, TRANSITION_K + 10.0], abs=5.0)
    assert [one["seed"] for one in raw.about["replicates"]] == [0, 1]
    # All cells share the error of the shift, and it does not become smaller.
    shifted = found.estimates["glass_transition_temperature"]
    assert shifted.value == pytest.approx(raw.value - shifted.about["shift_K"])
    assert shifted.model == pytest.approx(0.3 * shifted.about["shift_K"])
    assert found.estimates["melt_linear_expansion"].value == pytest.approx(MELT / 3.0, rel=0.03)
    density = found.estimates["scan_cooled_density"]
    assert density.value == pytest.approx(np.mean([one.estimates["scan_cooled_density"].value for one in analyses]))
    assert measured_property("density").joint is None


def test_a_reason_of_one_replicate_is_told_beside_the_joint_value() -> None:
    cells = [evidence(seed, 2e-3) for seed in (1, 2)]
    analyses = [
        Analysis({"simulated_glass_transition": cells[0].estimate("simulated_glass_transition")}, {}, {"seed": 1}, {}, cells[0]),
        Analysis({}, {}, {"seed": 2}, {"simulated_glass_transition": "it drifts"}, cells[1]),
    ]  # fmt: skip
    found = combine_replicates(analyses).estimates["simulated_glass_transition"]
    assert isinstance(found, Estimate)
    assert found.about["replicates"][1] == {"not_determined": "it drifts", "seed": 2}
