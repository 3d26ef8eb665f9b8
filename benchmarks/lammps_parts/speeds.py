"""Speeds of both programs: one simulation on the machine, and two concurrent ones."""

import multiprocessing
import re
import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import figure
from benchmarks.lammps_parts.energies import PRODUCTION_LAMMPS, header
from benchmarks.lammps_parts.program import Lammps
from mdcore.measure.export.lammps import LammpsData

LAMMPS_STEP_FS = 1.0
OPENMM_STEPS_FS = (1.0, 2.0, 4.0)
CORES = 2
TEMPERATURE_K = 300.0


def lammps_ns_per_day(
    lammps: Lammps, folder: Path, written: LammpsData, seconds: float, cores: int = CORES
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


def lammps_two_at_once(lammps: Lammps, folder: Path, written: LammpsData, seconds: float) -> float:
    """Return the total speed of two LAMMPS simulations with one core each."""
    folders = [folder / f"at-once-{number}" for number in range(CORES)]
    for own in folders:
        own.mkdir(exist_ok=True)
        shutil.copy(folder / "cell.data", own)
    with ThreadPoolExecutor(CORES) as pool:
        found = pool.map(lambda own: max(lammps_ns_per_day(lammps, own, written, seconds, 1).values()), folders)
        return sum(found)


def openmm_two_at_once(system_xml: str, positions_nm: Any, box_nm: Any, step_fs: float, seconds: float) -> float:
    """Return the total speed of two OpenMM simulations with one process and core each."""
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
    """Return the speed of OpenMM's CPU platform with the unchanged System."""
    import openmm

    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE_K, 1.0, step_fs * 1e-3)
    integrator.setRandomNumberSeed(20251)
    integrator.setConstraintTolerance(1e-5)
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(system, integrator, platform, {"Threads": str(cores)})
    context.setPeriodicBoxVectors(*box_nm)
    context.setPositions(positions_nm)
    context.setVelocitiesToTemperature(TEMPERATURE_K, 20251)
    integrator.step(200)
    context.getState(getEnergy=True)
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        integrator.step(100)
        done += 100
    if not np.isfinite(context.getState(getEnergy=True).getPotentialEnergy()._value):
        raise RuntimeError(f"the OpenMM simulation became unstable at {step_fs} fs")
    return done * step_fs * 1e-6 / elapsed * 86400.0


def openmm_as_placed(system: Any, positions_nm: Any, box_nm: Any, step_fs: float, seconds: float) -> float:
    """Return the speed of one simulation on the threads and cores chosen by mdcore."""
    from mdcore.dynamics import choose_platform
    from mdcore.dynamics.cores import OwnCore
    from mdcore.settings.execution import ExecutionSettings

    _, properties = choose_platform(ExecutionSettings(platform="CPU"), system.getNumParticles())
    threads = int(properties["Threads"])
    with OwnCore() if threads == 1 else nullcontext():
        return openmm_ns_per_day(system, positions_nm, box_nm, step_fs, seconds, threads)


def measure_speeds(
    lammps: Lammps, folder: Path, written: LammpsData, cell: tuple[str, Any, Any], seconds: float
) -> dict[str, float]:
    """Measure every program and time step once, in turn; all in ns/day."""
    import openmm

    found = {f"lammps_{style}": speed for style, speed in lammps_ns_per_day(lammps, folder, written, seconds).items()}
    system_xml, positions, box = cell
    system = openmm.XmlSerializer.deserialize(system_xml)
    for step in OPENMM_STEPS_FS:
        found[f"openmm_{step:g}fs"] = openmm_as_placed(system, positions, box, step, seconds)
    found["lammps_two"] = lammps_two_at_once(lammps, folder, written, seconds)
    found["openmm_two"] = openmm_two_at_once(system_xml, positions, box, max(OPENMM_STEPS_FS), seconds)
    return {label: round(speed, 3) for label, speed in found.items()}


def speed_figures(name: str, rounds: list[dict[str, float]]) -> dict[str, object]:
    """Return medians over the rounds of speeds, and of ratios within a round."""

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
    figures[f"{name}_two_at_once_{best}_ns_per_day"] = figure(
        median(lambda row: row["openmm_two"], 3),
        "ns/day",
        peer={"lammps_1fs": median(lambda row: row["lammps_two"], 3)},
    )
    figures[f"{name}_throughput_ratio"] = figure(
        median(lambda row: max(row["openmm_two"], row[best]) / max(row["lammps_two"], theirs(row)), 2),
        "1",
        {"at_least": 3.0},
    )
    figures[f"{name}_one_simulation_ratio"] = figure(median(lambda row: row[best] / theirs(row), 2), "1")
    return figures


def condensed(psmiles: str, work: Path, threads: int, cell: dict[str, int] | None = None) -> tuple[Any, Any, Any]:
    """Build a bundle of preset quick or of the given size, and compress it; return the bundle, positions and box in nm."""
    from mdcore.chem import RepeatUnit
    from mdcore.dynamics import DynamicsStage, run
    from mdcore.measure import build_bundle
    from mdcore.settings import SimulationSettings
    from mdcore.settings.execution import ExecutionSettings

    settings = SimulationSettings.model_validate({"preset": "quick", "cell": cell or {}})
    bundle = build_bundle(RepeatUnit.from_psmiles(psmiles), settings, seed=1, out=work / "bundle")
    last = next(i for i, stage in enumerate(bundle.stages) if stage.kind == "compress")
    hot = bundle.stages[last].temperature_K
    cooling = DynamicsStage(
        name="cool", ensemble="nvt", duration_ps=6.0, temperature_K=(hot, TEMPERATURE_K), timestep_fs=2.0
    )
    short = replace(bundle, stages=(*bundle.stages[: last + 1], cooling))
    run(short, work / "run", ExecutionSettings(platform="CPU", threads=threads))
    with np.load(work / "run/final.npz") as final:
        return bundle, final["positions_nm"], final["box_nm"]
