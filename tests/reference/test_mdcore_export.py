"""Exported cells: the reading engine finds the energies that OpenMM finds, term by term."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mdcore.cell.sequence import RandomSequence
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import BundleError, ExportError
from mdcore.measure import Copolymer, Liquid, export_cell, simulate
from mdcore.measure.export.cell import final_cell
from mdcore.measure.export.gromacs import run_parameters, write_gromacs
from mdcore.measure.export.lammps import write_lammps
from mdcore.measure.export.openmm_files import write_openmm
from mdcore.measure.export.terms import force_of
from mdcore.settings import SimulationSettings

pytestmark = pytest.mark.seconds(110)

# Every bonded term is a sum of the same closed forms, which the files hold with 12 digits and the positions with 1e-8 nm.
BONDED = 1e-6
# Lennard-Jones with the same switching function, and its correction beyond the cutoff: GROMACS leaves excluded pairs out of its mean.
LENNARD_JONES, CORRECTION = 1e-6, 2e-2
# Two Ewald sums, both made tight.
COULOMB = 1e-4

SPECIMENS = {
    "PMMA": RepeatUnit.from_psmiles("*CC(*)(C)C(=O)OC"),
    "a copolymer": Copolymer(
        (RepeatUnit.from_psmiles("*CC(*)c1ccccc1"), RepeatUnit.from_psmiles("*CC(*)C#N")),
        RandomSequence(fractions=(0.5, 0.5)),
    ),
    "toluene": Liquid("Cc1ccccc1"),
    "water": Liquid("O"),
}
SETTINGS = SimulationSettings.model_validate(
    {
        "preset": "quick",
        "cell": {"n_chains": 4, "atoms_per_chain": 90, "growth_density_g_cm3": 0.35},
        "force_field": {"cutoff_nm": 0.65, "switch_width_nm": 0.1},
        "protocol": {
            "max_temperature_K": 300.0,
            "compress_ps": 0.5,
            "melt_ps": 0.1,
            "cool_ps": 0.1,
            "settle_ps": 0.1,
            "sample_ps": 0.5,
            "record_interval_ps": 0.02,
            "timestep_fs": 2.0,
            "max_extensions": 0,
        },
        "execution": {"platform": "CPU", "own_core": False},
    }
)
GMX = shutil.which("gmx_d")
needs_gromacs = pytest.mark.skipif(GMX is None, reason="gmx_d is not installed; apt-get install gromacs")
PYTHON = os.environ.get("LAMMPS_PYTHON")
needs_lammps = pytest.mark.skipif(
    not PYTHON, reason="LAMMPS_PYTHON does not name the Python of an environment with the packages lammps and mpich"
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Return the folder of a short simulation, made once for each specimen."""
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("simulated")
            result = simulate(SPECIMENS[name], SETTINGS, seed=3, out=folder)
            assert hasattr(result, "measurements"), result
            made[name] = folder
        return made[name]

    return of


def triclinic(cell):
    """Return a cell of four chains with the chains far apart, in a box without a right angle whose barostat is flexible."""
    box = np.array([[4.4, 0.0, 0.0], [1.6, 4.2, 0.0], [-1.0, 1.3, 3.0]])
    chains = cell.arrays["chain_index"]
    sizes = np.bincount(chains)
    centres = np.stack([np.bincount(chains, weights=cell.positions_nm[:, k]) / sizes for k in range(3)], axis=1)
    moved = np.array([[0.25, 0.25, 0.5], [0.75, 0.25, 0.5], [0.25, 0.75, 0.5], [0.75, 0.75, 0.5]]) @ box
    return replace(cell, box_nm=box, positions_nm=cell.positions_nm + (moved - centres)[chains], barostat="flexible")


@pytest.fixture(scope="module")
def exported(simulated):
    """Return the final cell of a specimen; `, triclinic` after its name asks for another box."""

    def of(name):
        own, _, shape = name.partition(", ")
        return triclinic(final_cell(simulated(own))) if shape else final_cell(simulated(own))

    return of


def openmm_energies(cell, *, switch=True, correction=True):
    """Return OpenMM's energies in kJ/mol by term, in double precision and with a tight Ewald sum."""
    import openmm

    system = cell.system()
    nonbonded = force_of(system, "NonbondedForce")
    nonbonded.setUseSwitchingFunction(nonbonded.getUseSwitchingFunction() and switch)
    nonbonded.setUseDispersionCorrection(nonbonded.getUseDispersionCorrection() and correction)
    nonbonded.setEwaldErrorTolerance(1e-6)
    names = ("HarmonicBondForce", "HarmonicAngleForce", "PeriodicTorsionForce", "NonbondedForce")

    def total():
        for group, name in enumerate(names):
            force_of(system, name).setForceGroup(group)
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
        context.setPeriodicBoxVectors(*cell.box_nm)
        context.setPositions(cell.positions_nm)
        return [context.getState(getEnergy=True, groups=1 << g).getPotentialEnergy()._value for g in range(len(names))]

    bond, angle, torsion, both = total()
    for i in range(nonbonded.getNumParticles()):
        _, sigma, epsilon = nonbonded.getParticleParameters(i)
        nonbonded.setParticleParameters(i, 0.0, sigma, epsilon)
    for i in range(nonbonded.getNumExceptions()):
        a, b, _, sigma, epsilon = nonbonded.getExceptionParameters(i)
        nonbonded.setExceptionParameters(i, a, b, 0.0, sigma, epsilon)
    lennard_jones = total()[3]
    return {"bond": bond, "angle": angle, "torsion": torsion, "lj": lennard_jones, "coulomb": both - lennard_jones}


def agree(found, expected, correction=0.0):
    for term in ("bond", "angle", "torsion"):
        assert found[term] == pytest.approx(expected[term], rel=BONDED, abs=1e-5), term
    assert found["lj"] == pytest.approx(expected["lj"], rel=LENNARD_JONES, abs=1e-4 + CORRECTION * abs(correction))
    assert found["coulomb"] == pytest.approx(expected["coulomb"], rel=COULOMB)


def gmx(folder, *arguments, say=""):
    done = subprocess.run(
        [GMX, "-quiet", "-nobackup", *arguments], cwd=folder, input=say, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"[-3000:]
    return done.stdout + done.stderr


def gromacs_energies(folder, mdp):
    """Return GROMACS's energies of the exported configuration, in double precision."""
    (folder / "point.mdp").write_text(mdp)
    gmx(folder, "grompp", "-f", "point.mdp", "-c", "cell.gro", "-p", "cell.top", "-o", "point.tpr", "-maxwarn", "1")
    gmx(folder, "mdrun", "-s", "point.tpr", "-rerun", "cell.gro", "-deffnm", "point", "-ntmpi", "1", "-ntomp", "1")
    gmx(folder, "energy", "-f", "point.edr", "-o", "point.xvg", say="\n".join(map(str, range(1, 12))) + "\n\n")
    text = (folder / "point.xvg").read_text()
    names = re.findall(r'^@ s\d+ legend "(.+)"', text, re.MULTILINE)
    values = [float(x) for x in text.strip().splitlines()[-1].split()[1:]]
    found = dict(zip(names, values, strict=True))

    def total(*terms):
        return sum(found.get(term, 0.0) for term in terms)

    return {
        "bond": total("Bond"),
        "angle": total("Angle"),
        "torsion": total("Proper Dih."),
        "lj": total("LJ-14", "LJ (SR)", "Disper. corr."),
        "coulomb": total("Coulomb-14", "Coulomb (SR)", "Coul. recip."),
        "correction": total("Disper. corr."),
    }


@needs_gromacs
@pytest.mark.slow
@pytest.mark.parametrize("name", [*SPECIMENS, "PMMA, triclinic"])
def test_gromacs_finds_the_energies_of_openmm(name, exported, tmp_path):
    cell = exported(name)
    write_gromacs(cell, tmp_path)
    nonbonded = force_of(cell.system(), "NonbondedForce")
    tight = {"ewald_rtol": "1e-8", "fourierspacing": "0.04", "pme_order": "8", "nsteps": "0", "nstenergy": "1"}
    found = gromacs_energies(tmp_path, run_parameters(cell, nonbonded, constrained=True, **tight))
    agree(found, openmm_energies(cell), found["correction"])
    if name != "water":
        assert abs(found["torsion"]) > 1.0
    assert found["correction"] < 0.0
    without = gromacs_energies(tmp_path, run_parameters(cell, nonbonded, constrained=True, **tight, DispCorr="no"))
    agree(without, openmm_energies(cell, correction=False))


@needs_gromacs
@pytest.mark.slow
@pytest.mark.parametrize("name", ["PMMA", "water", "PMMA, triclinic"])
def test_gromacs_goes_on_from_the_exported_cell(name, exported, tmp_path):
    """The files as they are written, without a warning."""
    files = write_gromacs(exported(name), tmp_path)
    assert [path.name for path in files] == ["cell.gro", "cell.top", "md.mdp"]
    gmx(tmp_path, "grompp", "-f", "md.mdp", "-c", "cell.gro", "-p", "cell.top", "-o", "md.tpr")
    gmx(tmp_path, "mdrun", "-s", "md.tpr", "-deffnm", "md", "-nsteps", "200", "-ntmpi", "1", "-ntomp", "1")
    assert (tmp_path / "md.gro").exists()


@pytest.fixture
def lammps():
    parts = [importlib.import_module(f"benchmarks.lammps_parts.{name}") for name in ("program", "energies")]
    return SimpleNamespace(**{name: value for part in parts for name, value in vars(part).items()})


@needs_lammps
@pytest.mark.slow
@pytest.mark.parametrize("name", ["PMMA", "a copolymer", "toluene", "PMMA, triclinic"])
def test_lammps_finds_the_energies_of_openmm(name, exported, lammps, tmp_path):
    """The exported input, with a tight sum in place of its own; LAMMPS has no switching function of this form."""
    cell = exported(name)
    write_lammps(cell, tmp_path)
    script = (tmp_path / "in.lammps").read_text()
    (point,) = re.findall(r"\A(.*?^kspace_style [^\n]*\n)", script, re.MULTILINE | re.DOTALL)
    point = re.sub(r"^kspace_style .*$", "kspace_style pppm 1e-7", point, flags=re.MULTILINE)
    point += (
        "thermo_style custom step ebond eangle edihed evdwl ecoul elong etail\nrun 0\n"
        'print "terms $(ebond:%.12g) $(eangle:%.12g) $(edihed:%.12g) $(evdwl:%.12g) $(ecoul+elong:%.12g) $(etail:%.12g)"\n'
    )
    log = lammps.Lammps.find(PYTHON).run(tmp_path, point)
    values = [float(x) * 4.184 for x in re.findall(r"^terms (.+)$", log, re.MULTILINE)[0].split()]
    found = dict(zip(("bond", "angle", "torsion", "lj", "coulomb", "correction"), values, strict=True))
    assert found["correction"] < 0.0
    agree(found, openmm_energies(cell, switch=False), found["correction"])
    # evdwl holds the correction.
    found["lj"] -= found["correction"]
    agree(found, openmm_energies(cell, switch=False, correction=False))


@needs_lammps
@pytest.mark.slow
@pytest.mark.parametrize("name", ["PMMA", "PMMA, triclinic"])
def test_lammps_goes_on_from_the_exported_cell(name, exported, lammps, tmp_path):
    cell = exported(name)
    assert [path.name for path in write_lammps(cell, tmp_path)] == ["cell.data", "in.lammps"]
    script = (tmp_path / "in.lammps").read_text().replace("run 500000", "run 200").replace("thermo 1000", "thermo 100")
    log = lammps.Lammps.find(PYTHON).run(tmp_path, script)
    assert "SHAKE" in log
    assert (tmp_path / "after.data").exists()
    (row,) = re.findall(r"^\s*200\s+(.+)$", log, re.MULTILINE)
    assert 200.0 < float(row.split()[0]) < 450.0


def test_lammps_is_refused_what_it_cannot_express(simulated, tmp_path):
    with pytest.raises(ExportError, match="export the cell to gromacs or openmm"):
        write_lammps(final_cell(simulated("water")), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["PMMA", "PMMA, triclinic"])
def test_openmm_reads_its_own_files(name, simulated, exported, tmp_path):
    import openmm
    from openmm import app, unit

    cell = exported(name)
    if name == "PMMA":
        files, own = export_cell(simulated(name), ["openmm"]), simulated(name) / "export" / "openmm"
    else:
        files, own = write_openmm(cell, tmp_path), tmp_path
    assert [path.relative_to(own).as_posix() for path in files] == [
        "system.xml", "state.xml", "cell.cif", "cell.pdb", "run.py"
    ]  # fmt: skip
    system = openmm.XmlSerializer.deserialize((own / "system.xml").read_text())
    state = openmm.XmlSerializer.deserialize((own / "state.xml").read_text())
    read = replace(
        cell,
        system_xml=openmm.XmlSerializer.serialize(system),
        positions_nm=np.array(state.getPositions(asNumpy=True)._value),
        box_nm=np.array(state.getPeriodicBoxVectors(asNumpy=True)._value),
    )
    assert openmm_energies(read) == pytest.approx(openmm_energies(cell), rel=1e-12)
    for structure in (app.PDBFile(str(own / "cell.pdb")), app.PDBxFile(str(own / "cell.cif"))):
        bonds = {(min(a.index, b.index), max(a.index, b.index)) for a, b in structure.topology.bonds()}
        assert bonds == {(min(pair), max(pair)) for pair in cell.arrays["bonds"].tolist()}
        box = structure.topology.getPeriodicBoxVectors() / unit.nanometer
        np.testing.assert_allclose(box, cell.box_nm, atol=1e-3)
    velocities = np.array(state.getVelocities(asNumpy=True)._value)
    masses = np.array([system.getParticleMass(i)._value for i in range(system.getNumParticles())])
    degrees = 3 * len(masses) - system.getNumConstraints()
    temperature = (masses[:, None] * velocities**2).sum() / degrees / 0.00831446
    assert temperature == pytest.approx(cell.temperature_K, rel=0.15)
    done = subprocess.run([sys.executable, "run.py", "20"], cwd=own, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (own / "after.xml").exists()


def test_export_needs_a_finished_simulation_and_a_known_engine(simulated, tmp_path):
    with pytest.raises(BundleError):
        export_cell(tmp_path, ["gromacs"])
    with pytest.raises(ExportError, match="'charmm' is unknown; use one of gromacs, lammps, openmm"):
        export_cell(simulated("PMMA"), ["charmm"])
