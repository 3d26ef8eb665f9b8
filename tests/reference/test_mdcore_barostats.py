"""The barostats against the ideal gas and a crystal, and boxes that are not rectangular."""

from pathlib import Path

import numpy as np
import pytest
from made_bundles import dumbbells

from mdcore.chem.box import check_reduced
from mdcore.dynamics import STANDARD, CompressStage, DynamicsStage, RunRecord, SimulationBundle, read_record, run
from mdcore.estimate import mean_estimate
from mdcore.settings import ExecutionSettings

BOLTZMANN_J_K = 1.380649e-23
REFERENCE = ExecutionSettings(platform="Reference", own_core=False)
OBSERVABLES = (*STANDARD, "box_nm")


def atoms_bundle(system, masses, positions, box, stage) -> SimulationBundle:
    import openmm

    system.setDefaultPeriodicBoxVectors(*box)
    n, atoms = len(masses), np.arange(len(masses))
    arrays = {
        "atomic_numbers": np.full(n, 18), "masses_amu": masses, "true_masses_amu": masses,
        "bonds": np.zeros((0, 2), dtype=np.int64), "bond_orders": np.zeros(0, dtype=np.int64),
        "residue_index": atoms, "local_index": np.zeros(n, dtype=np.int64), "chain_index": atoms,
        "chain_ends": np.stack([atoms, atoms], axis=1), "chain_segments": np.zeros((0, 2), dtype=np.int64),
        "positions_nm": positions, "box_nm": box,
    }  # fmt: skip
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, (stage,), 7, {}, {})


@pytest.mark.parametrize("barostat", ["isotropic", "anisotropic", "flexible"])
def test_an_ideal_gas_has_its_volume_under_every_barostat(barostat: str, tmp_path: Path) -> None:
    import openmm

    n, pressure_atm = 64, 100.0
    system = openmm.System()
    for _ in range(n):
        system.addParticle(40.0)
    # It acts on nothing, but makes the system periodic.
    force = openmm.HarmonicBondForce()
    force.setUsesPeriodicBoundaryConditions(True)
    system.addForce(force)
    unit_nm3 = BOLTZMANN_J_K * 300.0 / (pressure_atm * 101325.0) * 1e27
    box = np.eye(3) * (n * unit_nm3) ** (1 / 3)
    stage = DynamicsStage.model_validate(
        {
            "name": "gas", "ensemble": "npt", "duration_ps": 60.0, "temperature_K": (300.0, 300.0),
            "pressure_atm": (pressure_atm, pressure_atm), "timestep_fs": 4.0, "friction_per_ps": 5.0, "barostat": barostat,
            "barostat_interval": 1, "record_interval_ps": 0.04, "observables": OBSERVABLES,
        }
    )  # fmt: skip
    positions = np.random.default_rng(1).random((n, 3)) @ box
    run(bundle := atoms_bundle(system, np.full(n, 40.0), positions, box, stage), tmp_path, REFERENCE)
    rows = read_record(tmp_path, bundle).stage(0)
    settled = slice(len(rows) // 10, None)
    volume = mean_estimate(rows.array("volume_nm3")[settled])
    # With the volume alone as variable, the density V^n exp(-pV/kT) has the mean (n + 1) kT/p. The measure of the box vectors
    # changes the exponent by at most 3, which is 4 % here.
    slack = 0.0 if barostat == "isotropic" else 3.0 * unit_nm3
    assert abs(volume.value - (n + 1) * unit_nm3) < 4 * volume.stderr + slack
    assert volume.stderr < 0.04 * volume.value
    boxes = rows.array("box_nm")
    for one in boxes:
        check_reduced(one)
    ratio = boxes[:, 1, 1] / boxes[:, 0, 0]
    tilted = np.abs(boxes[:, [1, 2, 2], [0, 0, 1]]).max()
    assert (np.ptp(ratio) > 0.01) == (barostat != "isotropic")
    assert (tilted > 0.01) == (barostat == "flexible")


def crystal(barostat: str, folder: Path) -> RunRecord:
    """Run an fcc crystal of argon at 20 K and 1 atm."""
    import openmm

    cells, edge, sigma, epsilon = 3, 0.5335, 0.34, 0.998
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    corners = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = ((corners + basis).reshape(-1, 3) * edge).astype(np.float64)
    n = len(positions)
    system = openmm.System()
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.65)
    for _ in range(n):
        system.addParticle(39.948)
        force.addParticle(0.0, sigma, epsilon)
    system.addForce(force)
    system.addForce(openmm.CMMotionRemover(10))
    stage = DynamicsStage.model_validate(
        {
            "name": "crystal", "ensemble": "npt", "duration_ps": 6.0, "temperature_K": (20.0, 20.0), "timestep_fs": 5.0,
            "friction_per_ps": 5.0, "barostat": barostat, "barostat_interval": 1, "record_interval_ps": 0.05,
            "observables": OBSERVABLES,
        }
    )  # fmt: skip
    bundle = atoms_bundle(system, np.full(n, 39.948), positions, np.eye(3) * cells * edge, stage)
    run(bundle, folder, REFERENCE)
    return read_record(folder, bundle)


def test_a_cubic_crystal_stays_cubic_and_as_dense_under_every_barostat(tmp_path: Path) -> None:
    """Its stress is isotropic, so that freeing edges and angles changes neither its volume nor, on average, its shape.

    At temperature T a strain of modulus M fluctuates by sqrt(kT / (V M)): 0.7 % for the shear of solid argon (1.5 GPa) in this
    cell, 0.5 % for its volume (2.5 GPa). A mean must lie within twice, and once, as much.
    """
    shear, dilation = 0.007, 0.005
    volumes = {}
    for barostat in ("isotropic", "anisotropic", "flexible"):
        rows = crystal(barostat, tmp_path / barostat).stage(0)
        settled = slice(len(rows) // 3, None)
        volumes[barostat] = rows.array("volume_nm3")[settled].mean()
        boxes = rows.array("box_nm")[settled]
        mean = boxes.mean(axis=0)
        edge = np.diag(mean).mean()
        np.testing.assert_allclose(np.diag(mean), edge, rtol=2 * shear)
        np.testing.assert_allclose(mean - np.diag(np.diag(mean)), 0.0, atol=2 * shear * edge)
        scatter = boxes.std(axis=0) / edge
        assert (scatter[1, 0] > 0.2 * shear) == (barostat == "flexible")
        assert (np.ptp(boxes[:, 0, 0] / boxes[:, 1, 1]) > 0.2 * shear) == (barostat != "isotropic")
    for barostat in ("anisotropic", "flexible"):
        assert volumes[barostat] == pytest.approx(volumes["isotropic"], rel=dilation)


TRICLINIC = np.array([[2.2, 0.0, 0.0], [0.6, 2.0, 0.0], [-0.5, 0.7, 2.1]])


def test_a_triclinic_cell_runs_stops_and_goes_on(tmp_path: Path) -> None:
    """Bundle, checkpoint, trajectory and final state keep the matrix; compression scales all of it."""
    compress = CompressStage.example().model_copy(update={"density_g_cm3": 0.11})
    flexible = DynamicsStage.model_validate(
        {**DynamicsStage.example().model_dump(), "barostat": "flexible", "observables": OBSERVABLES}
    )
    dumbbells([compress, flexible], box_nm=TRICLINIC).write(tmp_path / "bundle")
    bundle = SimulationBundle.read(tmp_path / "bundle")
    np.testing.assert_array_equal(bundle.arrays["box_nm"], TRICLINIC)
    assert bundle.content_hash != dumbbells([compress, flexible], box_nm=np.diag(np.diag(TRICLINIC))).content_hash
    settings = REFERENCE.model_copy(update={"checkpoint_interval_s": 1e-6, "trajectory_interval_ps": 0.1})

    class Stop(Exception):
        pass

    def stop(progress) -> None:
        if progress.stage == "example" and progress.stage_fraction > 0.4:
            raise Stop

    with pytest.raises(Stop):
        run(bundle, tmp_path / "run", settings, stop)
    run(bundle, tmp_path / "run", settings)
    record = read_record(tmp_path / "run", bundle)
    volume = record.stage("compress").array("volume_nm3")
    assert volume[-1] == pytest.approx(bundle.mass_amu * 1.66053906660e-3 / 0.11, rel=1e-9)
    np.testing.assert_array_less(np.diff(volume), 0.0)
    boxes = record.stage("example").array("box_nm")
    for box in boxes:
        check_reduced(box)
    np.testing.assert_allclose(np.linalg.det(boxes), record.stage("example").array("volume_nm3"), rtol=1e-12)
    np.testing.assert_array_equal(record.final.box_nm, boxes[-1])
    # The interrupted run wrote the first frames of the trajectory; the last one has the angles of its box.
    frame = (tmp_path / "run" / "trajectory.dcd").read_bytes()[276:]
    size = 80 + 12 * bundle.n_atoms
    assert len(frame) == 6 * size
    a, gamma, b, beta, alpha, c = np.frombuffer(frame[-size:][4:52])
    lengths = np.linalg.norm(boxes[-1], axis=1)
    np.testing.assert_allclose([a, b, c], 10 * lengths, rtol=1e-9)
    for angle, one, other in ((alpha, 1, 2), (beta, 0, 2), (gamma, 0, 1)):
        cosine = boxes[-1][one] @ boxes[-1][other] / lengths[one] / lengths[other]
        # DCD holds cosines in one dialect and degrees in the other.
        assert angle == pytest.approx(cosine, abs=1e-9) or angle == pytest.approx(
            np.degrees(np.arccos(cosine)), abs=1e-6
        )


@pytest.mark.parametrize("box", [np.full(3, 2.0), np.array([[2.0, 0, 0], [1.2, 2, 0], [0, 0, 2]])])
def test_a_bundle_takes_a_reduced_matrix_only(box: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be \(3, 3\)|not in OpenMM's reduced form"):
        SimulationBundle("", {"box_nm": box}, (), 1, {}, {})
