"""Supercells: energy, masses, constraints and bookkeeping of repeated cells."""

from dataclasses import replace

import numpy as np
import pytest
from made_bundles import dumbbells

from mdcore.chem.errors import BundleError
from mdcore.dynamics import DynamicsStage, RecordState, SimulationBundle, run
from mdcore.dynamics.observables import OBSERVABLES
from mdcore.dynamics.openmm_xml import FORCES, read_xml
from mdcore.dynamics.supercell import COPIERS, supercell
from mdcore.settings import ExecutionSettings

SKEW = [[2.0, 0.0, 0.0], [0.7, 2.0, 0.0], [-0.5, 0.3, 2.0]]


def state_of(bundle: SimulationBundle) -> RecordState:
    import openmm

    system = read_xml(bundle.system_xml, "System")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(bundle.arrays["positions_nm"])
    context.setPeriodicBoxVectors(*bundle.arrays["box_nm"])
    return RecordState(context, bundle, 3 * bundle.n_atoms, 300.0, 1.0)


@pytest.mark.parametrize("box", [None, SKEW])
@pytest.mark.parametrize("repeats", [(3, 1, 1), (1, 2, 1), (2, 1, 2)])
def test_the_energy_is_that_of_the_cell_times_the_number_of_copies(box, repeats) -> None:
    cell = dumbbells([DynamicsStage.example()], box_nm=box)
    moved = cell.arrays["positions_nm"] + np.random.default_rng(3).normal(0.0, 0.02, (24, 3))
    large = supercell(cell, moved, cell.arrays["box_nm"], repeats)
    copies = int(np.prod(repeats))
    assert large.n_atoms == 24 * copies
    assert large.n_chains == 12 * copies
    assert large.mass_amu == pytest.approx(copies * cell.mass_amu)
    assert np.linalg.det(large.arrays["box_nm"]) == pytest.approx(copies * np.linalg.det(cell.arrays["box_nm"]))
    small = supercell(cell, moved, cell.arrays["box_nm"], (1, 1, 1))
    energy = state_of(small).potential_kj_mol
    assert abs(energy) > 1.0
    assert state_of(large).potential_kj_mol == pytest.approx(copies * energy, rel=1e-9)
    for name in ("radius_of_gyration_nm", "end_to_end_distance_nm", "nematic_order", "density_g_cm3"):
        one, all_ = OBSERVABLES[name].value(state_of(small)), OBSERVABLES[name].value(state_of(large))
        np.testing.assert_allclose(all_, np.tile(one, copies) if one.shape else one, rtol=1e-9)
    np.testing.assert_array_equal(large.arrays["residue_index"], large.arrays["chain_index"])
    np.testing.assert_array_equal(np.diff(large.arrays["bonds"], axis=1), 1)


def test_a_repeated_cell_runs(tmp_path) -> None:
    cell = dumbbells([DynamicsStage.example()])
    large = supercell(cell, cell.arrays["positions_nm"], cell.arrays["box_nm"], (3, 1, 1))
    large.write(tmp_path / "bundle")
    stored = SimulationBundle.read(tmp_path / "bundle")
    summary = run(stored, tmp_path / "run", ExecutionSettings(platform="Reference", own_core=False))
    assert summary.simulated_ps == pytest.approx(0.4)
    assert stored.content["n_atoms"] == 72
    assert stored.content["repeats"] == [3, 1, 1]


def test_constraints_are_repeated() -> None:
    import openmm

    cell = dumbbells([DynamicsStage.example()])
    system = read_xml(cell.system_xml, "System")
    system.addConstraint(2, 3, 0.15)
    with_constraint = replace(cell, system_xml=openmm.XmlSerializer.serialize(system))
    large = supercell(with_constraint, cell.arrays["positions_nm"], cell.arrays["box_nm"], (1, 1, 3))
    found = read_xml(large.system_xml, "System")
    pairs = [found.getConstraintParameters(i)[:2] for i in range(found.getNumConstraints())]
    assert pairs == [[2, 3], [26, 27], [50, 51]]


def test_what_cannot_be_repeated_is_refused() -> None:
    import openmm

    cell = dumbbells([DynamicsStage.example()])
    with pytest.raises(ValueError, match=r"repeated \(0, 1, 1\) times"):
        supercell(cell, cell.arrays["positions_nm"], cell.arrays["box_nm"], (0, 1, 1))
    system = read_xml(cell.system_xml, "System")
    system.setVirtualSite(0, openmm.TwoParticleAverageSite(1, 2, 0.5, 0.5))
    odd = replace(cell, system_xml=openmm.XmlSerializer.serialize(system))
    with pytest.raises(BundleError, match="virtual sites cannot be repeated"):
        supercell(odd, cell.arrays["positions_nm"], cell.arrays["box_nm"], (2, 1, 1))
    assert set(COPIERS) == FORCES
