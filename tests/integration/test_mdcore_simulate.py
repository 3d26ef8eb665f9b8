"""Real, tiny simulations: reproducible builds, restarts, failures, and the slim environment of a GPU node."""

import csv
import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from mdcore.cell import RandomSequence
from mdcore.chem import Failure, RepeatUnit, UnknownProperty
from mdcore.chem.errors import BundleError, PlatformUnavailable, SimulationExploded
from mdcore.dynamics import COLUMNS, read_record, read_summary, run
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.checkpoint import Checkpoint
from mdcore.dynamics.engine import StageEngine
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.platform import choose_platform
from mdcore.estimate import DispersionCurve
from mdcore.estimate.glass import slow_cooling_shrinkage, transition_shift_k
from mdcore.estimate.refraction import refractive_index
from mdcore.measure import Copolymer, Homopolymer, Liquid, SimulationResult, build_bundle, simulate, write_outputs
from mdcore.optics import OpticsSettings
from mdcore.optics.additive import additive_refractions
from mdcore.settings import ExecutionSettings, SimulationSettings

pytestmark = pytest.mark.seconds(130)

TINY = SimulationSettings.model_validate(
    {
        "preset": "quick",
        "cell": {"n_chains": 2, "atoms_per_chain": 60, "growth_density_g_cm3": 0.3},
        "force_field": {"cutoff_nm": 0.45, "switch_width_nm": 0.05, "ewald_tolerance": 9e-3},
        "protocol": {
            "compress_ps": 1.0,
            "melt_ps": 1.0,
            "cool_ps": 1.0,
            "cool_at": "pressure",
            "settle_ps": 0.5,
            "sample_ps": 2.0,
            "record_interval_ps": 0.1,
        },
        "execution": {"threads": 1, "platform": "CPU"},
    }
)
UNIT = RepeatUnit.from_psmiles("*CC(*)C")


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    build_bundle(UNIT, TINY, seed=1, out=folder)
    return folder


class Stop(Exception):
    pass


def stopping_after(n: int):
    calls = 0

    def progress(_):
        nonlocal calls
        calls += 1
        if calls == n:
            raise Stop

    return progress


def check_outputs(files, bundle, table):
    import h5py
    from rdkit import Chem

    by_name = {path.name: path for path in files}
    with h5py.File(by_name["series.h5"]) as stored:
        sample = next(stored[name] for name in stored if name.endswith("sample"))
        np.testing.assert_array_equal(
            sample["density_g_cm3"], table[table[:, 0] == table[-1, 0], COLUMNS.index("density_g_cm3")]
        )
        assert sample["temperature_K"].attrs["unit"] == "K"
        assert sample["radius_of_gyration_nm"].shape == (len(sample["time_ps"]), 2)
    mol = Chem.MolFromPDBFile(str(by_name["final.pdb"]), removeHs=False, sanitize=False)
    assert mol.GetNumAtoms() == bundle.n_atoms
    assert mol.GetNumBonds() == len(bundle.arrays["bonds"])
    assert len(Chem.GetMolFrags(mol)) == 2
    assert by_name["final.cif"].read_text().count(" covale ") == len(bundle.arrays["bonds"])
    assert f"{bundle.n_atoms} atoms in 2 chains" in by_name["final.html"].read_text()
    assert by_name["run.png"].read_bytes().startswith(b"\x89PNG")
    assert sum(name.startswith("stage-") for name in by_name) == len(bundle.stages) - 1


def test_simulation_measures_and_answers_at_once_the_second_time(tmp_path):
    seen = []
    names = ("density", "slowly_cooled_density", "refractive_index", "abbe_number", "radius_of_gyration")
    result = simulate(UNIT, TINY, seed=1, out=tmp_path, properties=names, progress=seen.append)
    assert isinstance(result, SimulationResult)
    values = {m.property: m for m in result.measurements}
    assert set(values) == set(names)
    density = values["density"]
    with np.load(tmp_path / "run" / "series.npz") as stored:
        table = stored["table"]
    bundle = SimulationBundle.read(tmp_path / "bundle")
    sampling = table[table[:, 0] == len(bundle.stages) - 1]
    volume = sampling[:, COLUMNS.index("volume_nm3")]
    mass_g_mol = sum({1: 1.008, 6: 12.011}[int(z)] for z in bundle.arrays["atomic_numbers"])
    assert density.value == pytest.approx(np.mean(mass_g_mol / 602.214076 / volume), rel=1e-4)
    assert density.stderr > 0
    assert density.fidelity == TINY.fidelity
    # Lorentz-Lorenz with the additive refraction of one CH2-CH(CH3) unit, by hand: 3 C and 6 H (Eisenlohr, D line), which
    # differs by 0.6 % from the table's increments.
    phi = values["slowly_cooled_density"].value * (3 * 2.418 + 6 * 1.100) / 42.081
    assert values["refractive_index"].value == pytest.approx(np.sqrt((1 + 2 * phi) / (1 - phi)), abs=0.004)
    index = values["refractive_index"]
    parts = index.provenance["stderr_parts"]
    assert index.stderr == pytest.approx(np.hypot(parts["density"], parts["model"]))
    assert index.provenance["optics_tier"] == "additive"
    formula = index.provenance["dispersion_formula"]
    curve = DispersionCurve(formula["form"], tuple(formula["coefficients_um"]), formula["residual"])
    assert float(curve(589.29)) == pytest.approx(index.value, abs=2 * curve.residual + 1e-9)
    fractions = [p.fraction for p in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    written = write_outputs(tmp_path)
    check_outputs(written, bundle, table)
    assert (tmp_path / "dispersion.png") in written
    assert (tmp_path / "dispersion.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "parameters.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    parameters = result.diagnostics["parameters"]
    assert {name: float(row[name]) for name in parameters} == parameters
    assert float(row["density (g/cm3)"]) == density.value
    assert parameters["mass_dalton_mean"] == pytest.approx(mass_g_mol / bundle.n_atoms, rel=1e-6)
    # C-C and C-H bonds of Sage, constrained ones included.
    assert 1.09 < parameters["bond_length_angstrom_mean"] < 1.53
    again = simulate(UNIT, TINY, seed=1, out=tmp_path, properties=names, progress=seen.append)
    assert again == result
    assert len(seen) == len(fractions)


def test_one_seed_builds_one_bundle_and_another_seed_another(bundle_folder, tmp_path):
    first = SimulationBundle.read(bundle_folder)
    same = build_bundle(UNIT, TINY, seed=1, out=tmp_path / "same")
    other = build_bundle(UNIT, TINY, seed=2, out=tmp_path / "other")
    assert same.content_hash == first.content_hash
    assert other.content_hash != first.content_hash
    np.testing.assert_array_equal(same.arrays["positions_nm"], first.arrays["positions_nm"])
    assert (
        build_bundle(RepeatUnit.from_psmiles("*C(C)C*"), TINY, seed=1, out=bundle_folder).content_hash
        == first.content_hash
    )


@pytest.mark.parametrize("stop", [3, 25, 50])
def test_an_interrupted_run_goes_on_without_losing_or_repeating_rows(bundle_folder, tmp_path, stop):
    bundle = SimulationBundle.read(bundle_folder)
    eager = ExecutionSettings(platform="CPU", threads=1, checkpoint_interval_s=1e-6)
    with pytest.raises(Stop):
        run(bundle, tmp_path, eager, stopping_after(stop))
    stored = Checkpoint.read(tmp_path / "checkpoint.npz", bundle.content_hash)
    assert stored is not None
    assert len(stored.series) >= stop - 1
    summary = run(bundle, tmp_path, eager)
    assert summary.resumed == 1
    with np.load(tmp_path / "series.npz") as found:
        table = found["table"]
    planned = sum(getattr(stage, "duration_ps", 0.0) for stage in bundle.stages)
    times = table[:, COLUMNS.index("time_ps")]
    assert times[-1] == pytest.approx(planned, rel=1e-3)
    assert np.diff(times).min() > 0
    assert np.diff(times).max() < 0.25
    assert read_summary(tmp_path, bundle.content_hash) == summary


def test_a_stage_that_goes_on_does_not_repeat_the_random_numbers_of_its_beginning(bundle_folder):
    """OpenMM's checkpoints hold the integrator's random numbers, and not the barostat's."""
    bundle = SimulationBundle.read(bundle_folder)
    system = read_xml(bundle.system_xml, "System")
    last = len(bundle.stages) - 1

    def seeds(step):
        engine = StageEngine(bundle, system, last, 0, 0, ExecutionSettings(platform="Reference"), step)
        (barostat,) = (f for f in engine.context.getSystem().getForces() if "Barostat" in f.getName())
        return barostat.getRandomNumberSeed(), engine.context.getIntegrator().getRandomNumberSeed()

    drawn = [number for step in (0, 25, 50) for number in seeds(step)]
    assert len(set(drawn)) == 6
    assert seeds(25) == seeds(25)


def test_a_run_that_always_blows_up_is_a_failure(tmp_path, monkeypatch):
    import openmm

    # What OpenMM says of a blow-up; a real one may throw atoms so far that its CPU platform crashes instead.
    def explode(self, done, n_steps):
        steps.append(self.timestep_fs)
        raise openmm.OpenMMException("Particle coordinate is NaN")

    steps = []
    monkeypatch.setattr(StageEngine, "advance", explode)
    outcome = simulate(UNIT, TINY, seed=1, out=tmp_path)
    assert len(steps) > 1
    assert all(later == earlier / 2 for earlier, later in pairwise(steps))
    assert isinstance(outcome, Failure)
    assert outcome.kind == "exploded"
    assert "smallest time step" in outcome.message
    assert "\n" not in outcome.message
    assert simulate(UNIT, TINY, seed=1, out=tmp_path) == outcome


def test_a_blow_up_is_retried_from_the_checkpoint_with_half_the_step(bundle_folder, tmp_path, monkeypatch):
    bundle = SimulationBundle.read(bundle_folder)
    calls = 0
    record = StageEngine.record

    def unlucky(self, fraction, number):
        nonlocal calls
        calls += 1
        if calls == 30:
            raise SimulationExploded("planted")
        return record(self, fraction, number)

    monkeypatch.setattr(StageEngine, "record", unlucky)
    summary = run(bundle, tmp_path, ExecutionSettings(platform="CPU", threads=1, checkpoint_interval_s=1e-6))
    assert summary.halvings == 1
    with np.load(tmp_path / "series.npz") as found:
        times = found["table"][:, COLUMNS.index("time_ps")]
    planned = sum(getattr(stage, "duration_ps", 0.0) for stage in bundle.stages)
    assert times[-1] == pytest.approx(planned, rel=1e-3)
    assert np.diff(times).min() > 0


def test_an_unparameterisable_polymer_is_a_failure(tmp_path):
    unit = RepeatUnit.from_psmiles("*[Si](C)(C)O*", elements=None)
    outcome = simulate(unit, TINY, seed=1, out=tmp_path)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "unparameterisable"
    assert "Si" in outcome.message


def test_bad_requests_are_errors_not_failures(tmp_path):
    with pytest.raises(UnknownProperty, match="density"):
        simulate(UNIT, TINY, seed=1, out=tmp_path, properties=("densty",))
    with pytest.raises(ValueError, match="not measured by simulation"):
        simulate(UNIT, TINY, seed=1, out=tmp_path, properties=("homo_lumo_gap",))
    assert list(tmp_path.iterdir()) == []


def test_damaged_and_missing_bundles_are_refused(bundle_folder, tmp_path):
    with pytest.raises(BundleError, match="is not a simulation bundle"):
        SimulationBundle.read(tmp_path)
    bundle = SimulationBundle.read(bundle_folder)
    bundle.write(tmp_path)
    text = (tmp_path / "system.xml").read_text()
    (tmp_path / "system.xml").write_text(text.replace('mass="3"', 'mass="4"', 1))
    with pytest.raises(BundleError, match="content hash"):
        SimulationBundle.read(tmp_path)


def test_platforms_that_do_not_work_say_so():
    with pytest.raises(PlatformUnavailable, match="use platform: auto"):
        choose_platform(ExecutionSettings(platform="HIP"), 600)
    platform, _ = choose_platform(ExecutionSettings(platform="auto"), 600)
    assert platform.getName() in {"CUDA", "HIP", "OpenCL", "CPU"}


def test_bundles_run_without_chemistry_libraries(bundle_folder, tmp_path):
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'rdkit', 'openff', 'scipy', 'torch', 'pandas', 'dask'}:\n"
        "            raise ImportError(name + ' is blocked')\n"
        "sys.meta_path.insert(0, Block())\n"
        "from mdcore.run import main\n"
        f"sys.exit(main([{str(bundle_folder)!r}, '--out', {str(tmp_path)!r}, '--platform', 'CPU', '--threads', '1']))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["converged"] in (True, False)
    assert (tmp_path / "final.npz").exists()


def test_the_run_command_refuses_bad_input_with_status_2(tmp_path, capsys):
    from mdcore.run import main

    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert main([str(tmp_path), "--out", str(tmp_path / "out"), "--platform", "Abacus"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert "build it first" in lines[0]


def test_temperature_is_that_of_the_thermostat(tmp_path):
    # The ramp of the tiny protocol is far too fast to end at its temperature; 6 friction times forget it.
    settled = TINY.model_copy(update={"protocol": TINY.protocol.model_copy(update={"settle_ps": 6.0})})
    bundle = build_bundle(UNIT, settled, seed=1, out=tmp_path / "bundle")
    run(bundle, tmp_path, ExecutionSettings(platform="CPU", threads=1))
    with np.load(tmp_path / "series.npz") as stored:
        table = stored["table"]
    sampling = table[table[:, 0] == len(bundle.stages) - 1]
    temperature = sampling[:, COLUMNS.index("temperature_K")]
    # The kinetic energy of f degrees of freedom scatters by T sqrt(2/f); rows 0.1 ps apart are correlated over about 1 ps.
    freedom = 3 * bundle.n_atoms - (bundle.arrays["atomic_numbers"] == 1).sum() - 3
    error = 300.0 * np.sqrt(2.0 / freedom) / np.sqrt(len(temperature) / 10.0)
    assert abs(temperature.mean() - 300.0) < 5 * error


def test_replicates_and_cooling_properties(tmp_path):
    settings = TINY.model_copy(
        update={"replicates": 2, "protocol": TINY.protocol.model_copy(update={"glass_transition_K": 260.0})}
    )
    names = (
        "density",
        "nematic_order",
        "slowly_cooled_density",
        "ramp_corrected_density",
        "refractive_index",
    )
    result = simulate(UNIT, settings, seed=3, out=tmp_path, properties=names)
    assert isinstance(result, SimulationResult)
    values = {m.property: m for m in result.measurements}
    own = values["density"].provenance["replicates"]
    assert result.diagnostics["parameters"]["mass_dalton_mean"] == pytest.approx(42.081 / 9, rel=0.05)
    assert all("parameters" not in one for one in result.diagnostics["replicates"])
    assert own[0]["value"] != own[1]["value"]
    assert values["density"].value == pytest.approx(np.mean([one["value"] for one in own]))
    # At 300 K the polymer is above its glass transition, where the ramp has nothing to correct; but cooled within a
    # picosecond it has never come to rest, and the index is that of the density at rest.
    assert values["ramp_corrected_density"].value == pytest.approx(values["density"].value)
    slow = values["slowly_cooled_density"]
    # A cooling of 300 K in a picosecond has the density of the melt that it began with.
    assert transition_shift_k(300.0) > 600.0 - 260.0
    shrinkage = slow_cooling_shrinkage(260.0, 300.0, 600.0 - 260.0)
    assert slow.value == pytest.approx(values["density"].value * np.exp(shrinkage))
    assert slow.provenance["cooling"]["rate_K_per_ps"] == pytest.approx(300.0)
    assert slow.provenance["cooling"]["glass_transition_is"] == "given"
    assert slow.stderr >= slow.provenance["stderr_parts"]["model"] > 0.0
    index = values["refractive_index"]
    assert index.provenance["optics_density"]["kind"] == "slowly_cooled"
    assert index.value == pytest.approx(
        refractive_index(additive_refractions(UNIT).r_D, UNIT.molar_mass_g_mol, slow.value), abs=1e-3
    )
    assert 0.0 < values["nematic_order"].value < 1.0
    with pytest.raises(ValueError, match="glass_transition_K"):
        simulate(UNIT, TINY, seed=3, out=tmp_path, properties=("ramp_corrected_density",))


def frames(path, n_atoms):
    """Read a DCD trajectory by its format: 276 bytes of header, then box and three coordinates a frame."""
    data = path.read_bytes()
    count = int(np.frombuffer(data, dtype="<i4", count=1, offset=8)[0])
    size = 80 + 12 * n_atoms
    assert len(data) == 276 + count * size
    result = []
    for number in range(count):
        block = data[276 + number * size : 276 + (number + 1) * size]
        axes = [np.frombuffer(block, "<f4", n_atoms, 56 + 4 + axis * (4 * n_atoms + 8)) for axis in range(3)]
        result.append(np.stack(axes, axis=1) / 10.0)
    return np.array(result)


def test_trajectory_of_an_interrupted_run_has_every_frame_once(bundle_folder, tmp_path):
    bundle = SimulationBundle.read(bundle_folder)
    execution = TINY.execution.model_copy(update={"trajectory_interval_ps": 0.5, "checkpoint_interval_s": 1e-6})
    run(bundle, tmp_path / "whole", execution)
    with pytest.raises(Stop):
        run(bundle, tmp_path / "broken", execution, stopping_after(27))
    # A kill in the middle of a write leaves half a frame.
    with (tmp_path / "broken/trajectory.dcd").open("ab") as stream:
        stream.write(b"half a frame")
    run(bundle, tmp_path / "broken", execution)
    whole, broken = (frames(tmp_path / name / "trajectory.dcd", bundle.n_atoms) for name in ("whole", "broken"))
    with np.load(tmp_path / "whole/series.npz") as stored:
        times = stored["table"][:, COLUMNS.index("time_ps")]
    assert len(whole) == len(np.unique(np.floor(times / 0.5 + 1e-9)[np.floor(times / 0.5 + 1e-9) > 0]))
    assert len(broken) == len(whole)
    # Forces of the CPU platform round differently from run to run, so only the first frames are the same.
    np.testing.assert_allclose(whole[:2], broken[:2], atol=1e-4)
    for name, found in (("whole", whole), ("broken", broken)):
        with np.load(tmp_path / name / "final.npz") as stored:
            np.testing.assert_allclose(found[-1], stored["positions_nm"], atol=2e-3)


def test_copolymers_and_liquids_are_simulated_too(tmp_path):
    units = (RepeatUnit.from_psmiles("*CC*"), RepeatUnit.from_psmiles("*CC(*)C"))
    copolymer = Copolymer(units, RandomSequence(fractions=(0.5, 0.5)))
    properties = ("density", "fractional_free_volume", "refractive_index")
    result = simulate(copolymer, TINY, seed=1, out=tmp_path / "copolymer", properties=properties)
    assert isinstance(result, SimulationResult)
    density, free, index = (m.value for m in result.measurements)
    assert 0.3 < density < 1.2
    # The mean unit of both: mass and volume are those of 1.5 CH2 groups more than ethylene's half.
    volume = 0.5 * (Homopolymer(units[0]).vdw_volume_nm3 + Homopolymer(units[1]).vdw_volume_nm3)
    mass = 0.5 * (units[0].molar_mass_g_mol + units[1].molar_mass_g_mol)
    assert free == pytest.approx(1.0 - 1.3 * volume * density * 602.214 / mass, abs=1e-3)
    assert 1.1 < index < 1.7
    assert simulate(copolymer, TINY, seed=1, out=tmp_path / "copolymer", properties=properties) == result
    liquid = simulate(Liquid("CCO"), TINY, seed=1, out=tmp_path / "liquid", properties=("density", "refractive_index"))
    assert isinstance(liquid, SimulationResult)
    assert liquid.diagnostics["n_chains"] == round(120 / 9)
    # Polymers are molten before they are measured, a liquid is not heated.
    assert result.diagnostics["melt_temperature_K"] == 600.0
    assert liquid.diagnostics["melt_temperature_K"] == 300.0


def test_a_cell_smaller_than_twice_the_cutoff_is_refused(tmp_path):
    wide = TINY.model_copy(update={"force_field": TINY.force_field.model_copy(update={"cutoff_nm": 0.7})})
    outcome = simulate(UNIT, wide, seed=1, out=tmp_path)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "build"
    assert "cutoff 0.7 nm exceeds half the box" in outcome.message


@pytest.mark.parametrize("smiles", ["ClCCl", "CC#N", "C"])
def test_small_molecules_without_torsions_build(smiles, tmp_path):
    bundle = build_bundle(Liquid(smiles), TINY, seed=1, out=tmp_path)
    assert bundle.n_atoms == bundle.content["n_chains"] * Liquid(smiles).n_atoms


def test_a_mixture_of_one_unit_refracts_like_that_unit():
    unit = RepeatUnit.from_psmiles("*CC(*)C")
    # Written twice as long, the same polymer: refractions belong to the primitive unit, fractions to the written one.
    double = RepeatUnit.from_psmiles("*CC(C)CC(*)C")
    alone = Homopolymer(unit).refractions(OpticsSettings(kind="additive"))
    mixed = Copolymer((unit, double), RandomSequence(fractions=(0.3, 0.7))).refractions(OpticsSettings(kind="additive"))
    for line in ("r_C", "r_D", "r_F"):
        assert getattr(mixed, line) / mixed.molar_mass_g_mol == pytest.approx(
            getattr(alone, line) / alone.molar_mass_g_mol, rel=1e-9
        )
    assert mixed.relative_error == pytest.approx(alone.relative_error)


SCAN = {"hottest_K": 480.0, "coldest_K": 180.0, "step_K": 30.0, "hold_ps": 1.6, "heat_ps": 0.5, "melt_ps": 0.5}


def test_a_cooling_scan_resumes_and_gives_the_density_even_where_it_shows_no_transition(tmp_path):
    settings = TINY.model_copy(update={"protocols": {"cooling_scan": SCAN}})
    every = settings.execution.model_copy(update={"checkpoint_interval_s": 0.2})
    settings = settings.model_copy(update={"execution": every})
    names = ("density", "scan_cooled_density", "glass_transition_temperature", "glass_volumetric_expansion")

    def stop_in_the_scan(progress):
        if progress.stage == "stair 360 K":
            raise Stop

    with pytest.raises(Stop):
        simulate(UNIT, settings, seed=1, out=tmp_path, properties=names, progress=stop_in_the_scan)
    # The equilibrated cell is there and is not computed again.
    finished = (tmp_path / "run" / "run.json").read_bytes()
    seen = []
    result = simulate(UNIT, settings, seed=1, out=tmp_path, properties=names, progress=seen.append)
    assert isinstance(result, SimulationResult)
    assert (tmp_path / "run" / "run.json").read_bytes() == finished
    assert result.diagnostics["runs"]["cooling_scan"]["resumed"] == 1
    assert not {one.stage for one in seen} & {"sample", "heat", "melt", "stair 480 K"}
    values = {m.property: m for m in result.measurements}
    assert {*values, *result.not_determined} == set(names)
    bundle = SimulationBundle.read(tmp_path / "runs" / "cooling_scan" / "bundle")
    rows = read_record(tmp_path / "runs" / "cooling_scan" / "run", bundle).role("stair")
    temperatures, counts = np.unique(rows.targets.temperature_K, return_counts=True)
    np.testing.assert_allclose(temperatures, np.arange(180.0, 481.0, 30.0))
    assert set(counts) == {16}
    assert np.all(np.diff(rows.times_ps) > 0)
    stair = rows.targets.temperature_K == 300.0
    density = 1.0 / np.mean(1.0 / rows.array("density_g_cm3")[stair][8:])
    assert values["scan_cooled_density"].value == pytest.approx(density, rel=1e-6)
    assert values["scan_cooled_density"].provenance["cooling"]["rate_K_per_ps"] == pytest.approx(30.0 / 1.6)
    written = {path.name: path for path in write_outputs(tmp_path)}
    assert written["glass_transition.png"].parent == tmp_path
    assert written["glass_transition.png"].read_bytes().startswith(b"\x89PNG")
    assert not list((tmp_path / "runs" / "cooling_scan" / "plots").glob("stage-0[2-9].png"))
    assert simulate(UNIT, settings, seed=1, out=tmp_path, properties=names) == result
