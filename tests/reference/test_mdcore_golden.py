"""Bundles and runs of earlier versions: they open, go on, and the same seed gives the same trajectory to the last digit.

`tests/golden/dynamics-2.zip` holds a bundle of format 2 with every kind of stage, its run, the same run interrupted in a cooling
ramp at constant pressure, and what that one became when it went on. `dynamics-1.zip` holds the same cell in format 1.
"""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mdcore.cell import plan_homopolymer
from mdcore.cell.cell import chain_ends, chain_segments, make_topology
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import BundleError, NotRecorded
from mdcore.dynamics import DynamicsStage, SimulationBundle, read_record, run
from mdcore.dynamics.older_bundles import with_all_arrays
from mdcore.settings import CellSettings, ExecutionSettings

GOLDEN = Path(__file__).parents[1] / "golden"
HASH_1 = "80698019aa9d58c3e6890b25c22d3af441e553d8595bba5471674f10ee2c829e"
HASH_2 = "aaff1b738c74d01debd2a3bd42620f1f594e6daa8718f33f3b1c189f332cde85"
PLAIN = "ce0453e7f590fdf94eced1d2157ccdd6290e2ace5d6f70732655da3059b852ba"
REFERENCE = ExecutionSettings(platform="Reference", own_core=False, trajectory_interval_ps=0.2)
DCD_HEADER = 276  # it holds the date


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    shutil.unpack_archive(GOLDEN / "dynamics-2.zip", tmp_path)
    return tmp_path


def plain_openmm(bundle: SimulationBundle) -> str:
    """Return a hash of what OpenMM alone makes of the System: 300 steps at constant pressure, without any code of ours."""
    import openmm

    system = openmm.XmlSerializer.deserialize(bundle.system_xml)
    barostat = openmm.MonteCarloBarostat(1.0, 300.0, 5)
    barostat.setRandomNumberSeed(7)
    system.addForce(barostat)
    integrator = openmm.LangevinMiddleIntegrator(300.0, 1.0, 0.001)
    integrator.setRandomNumberSeed(7)
    integrator.setConstraintTolerance(1e-5)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(bundle.arrays["positions_nm"])
    context.applyConstraints(1e-6)
    openmm.LocalEnergyMinimizer.minimize(context, 50.0, 200)
    context.setVelocitiesToTemperature(300.0, 7)
    integrator.step(300)
    positions = context.getState(getPositions=True).getPositions(asNumpy=True)._value
    return hashlib.sha256(np.ascontiguousarray(positions).tobytes()).hexdigest()


def same_run(found: Path, expected: Path, bundle: SimulationBundle) -> None:
    """Compare two runs: to the last digit where OpenMM repeats itself here, else as far as chaos leaves them alike."""
    exact = plain_openmm(bundle) == PLAIN
    ours, theirs = read_record(found, bundle), read_record(expected, bundle)
    for index in range(1, len(bundle.stages)):
        one, other = ours.stage(index), theirs.stage(index)
        np.testing.assert_array_equal(one.times_ps, other.times_ps)
        np.testing.assert_array_equal(one.targets, other.targets)
        assert one.observables == other.observables
        for name in one.observables:
            if exact:
                np.testing.assert_array_equal(one.array(name), other.array(name), err_msg=name)
            elif index == 1:
                # The last bits of a sum grow by a factor of e in some 0.1 ps.
                np.testing.assert_allclose(one.array(name)[:2], other.array(name)[:2], rtol=1e-4, err_msg=name)
    if exact:
        np.testing.assert_array_equal(ours.final.positions_nm, theirs.final.positions_nm)
        np.testing.assert_array_equal(ours.final.box_nm, theirs.final.box_nm)
        frames = [(folder / "trajectory.dcd").read_bytes()[DCD_HEADER:] for folder in (found, expected)]
        assert frames[0] == frames[1]


def test_a_bundle_of_format_2_keeps_its_hash(golden: Path, tmp_path: Path) -> None:
    """Random numbers derive from the hash, so it must be what it was."""
    bundle = SimulationBundle.read(golden / "bundle")
    assert bundle.content_hash == HASH_2
    bundle.write(tmp_path / "again")
    assert SimulationBundle.read(tmp_path / "again").content_hash == HASH_2


def test_the_same_seed_gives_the_same_trajectory_as_before(golden: Path, tmp_path: Path) -> None:
    bundle = SimulationBundle.read(golden / "bundle")
    summary = run(bundle, tmp_path / "own", REFERENCE)
    assert (summary.extensions, summary.halvings, summary.converged) == (1, 0, False)
    assert summary.simulated_ps == 2.76
    same_run(tmp_path / "own", golden / "run", bundle)


def test_a_run_that_an_earlier_version_began_goes_on(golden: Path) -> None:
    bundle = SimulationBundle.read(golden / "bundle")
    summary = run(bundle, golden / "interrupted", REFERENCE)
    assert summary.resumed == 1
    assert summary.extensions == 1
    same_run(golden / "interrupted", golden / "continued", bundle)


def test_a_run_that_an_earlier_version_finished_is_not_repeated(golden: Path) -> None:
    bundle = SimulationBundle.read(golden / "bundle")
    before = (golden / "run" / "series.npz").read_bytes()
    summary = run(bundle, golden / "run", REFERENCE)
    assert summary.wall_s == 3.48
    assert (golden / "run" / "series.npz").read_bytes() == before
    record = read_record(golden / "run", bundle)
    assert record.roles == ("compression", "equilibration", "cooling", "sampling")
    sampling = record.role("sampling")
    assert len(sampling) == 20
    assert sampling.array("radius_of_gyration_nm").shape == (20, 3)
    mass = bundle.mass_amu * 1.66053906660e-3
    np.testing.assert_allclose(sampling.array("density_g_cm3") * sampling.array("volume_nm3"), mass, rtol=1e-12)
    np.testing.assert_array_equal(record.role("cooling").targets.temperature_K, [340.0, 330.0, 320.0, 310.0, 300.0])
    assert record.final.box_nm.shape == (3, 3)
    assert record.final.positions_nm.shape == (90, 3)


def test_a_bundle_of_format_1_holds_the_same_cell_and_keeps_its_hash(golden: Path, tmp_path: Path) -> None:
    """Format 1 had no segments of the chains, at first no ends either; both follow from its bonds."""
    shutil.unpack_archive(GOLDEN / "dynamics-1.zip", tmp_path / "old")
    found, now = SimulationBundle.read(tmp_path / "old" / "bundle"), SimulationBundle.read(golden / "bundle")
    assert found.content_hash == HASH_1
    assert found.stages == now.stages
    for name, array in now.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)
    without = {name: array for name, array in now.arrays.items() if name not in ("chain_ends", "chain_segments")}
    for name, array in with_all_arrays(without).items():
        np.testing.assert_array_equal(array, now.arrays[name], err_msg=name)
    found.write(tmp_path / "again")
    assert SimulationBundle.read(tmp_path / "again").content_hash == HASH_1
    # Its finished run is still its own, without the observables that did not exist.
    summary = run(found, tmp_path / "old" / "run", REFERENCE)
    assert (summary.content_hash, summary.wall_s) == (HASH_1, 1.95)
    sampling = read_record(tmp_path / "old" / "run", found).role("sampling")
    assert len(sampling) == 20
    assert "nematic_order" not in sampling.observables
    with pytest.raises(NotRecorded, match="'nematic_order' was not recorded in 'sampling'"):
        sampling.array("nematic_order")


@pytest.mark.parametrize("psmiles", ["*CC(*)c1ccccc1", "*c1ccc(*)cc1", "*C(*)(F)F"])
def test_ends_and_segments_of_chains_follow_from_the_bonds(psmiles: str) -> None:
    plans = plan_homopolymer(RepeatUnit.from_psmiles(psmiles), CellSettings(n_chains=2, atoms_per_chain=60), 3)
    topology = make_topology(plans)
    names = ("bonds", "residue_index", "chain_index")
    arrays = with_all_arrays({name: getattr(topology, name) for name in names})
    np.testing.assert_array_equal(arrays["chain_ends"], chain_ends(plans))
    np.testing.assert_array_equal(arrays["chain_segments"], chain_segments(plans))
    assert len(arrays["chain_segments"]) > 4


def test_a_bundle_of_a_later_version_is_refused_in_one_line(golden: Path) -> None:
    document = json.loads((golden / "bundle" / "bundle.json").read_text())
    (golden / "bundle" / "bundle.json").write_text(json.dumps({**document, "format_version": 4}))
    with pytest.raises(BundleError, match="has format 4, this version reads formats up to 3; build it again"):
        SimulationBundle.read(golden / "bundle")


def test_what_the_hash_takes_of_a_stage_is_what_it_was() -> None:
    """The JSON of all fields of format 2, in its order and notation."""
    stage = DynamicsStage(
        name="a", ensemble="npt", duration_ps=1e-7, temperature_K=(300, 1e16), pressure_atm=(0.1, 1e22), timestep_fs=2
    )
    assert stage.digest_json() == (
        b'{"kind":"dynamics","name":"a","ensemble":"npt","role":"equilibration","duration_ps":1e-7,'
        b'"temperature_K":[300.0,1e+16],"pressure_atm":[0.1,1e+22],"timestep_fs":2.0,"friction_per_ps":1.0,"barostat_interval":25,'
        b'"record_interval_ps":0.5,"max_extensions":0}'
    )
    # The barostat, what is recorded and what is tested came with format 3.
    other = stage.model_copy(update={"barostat": "flexible"})
    assert other.digest_json() == stage.digest_json()[:-1] + b',"barostat":"flexible"}'
