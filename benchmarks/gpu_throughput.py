"""Speed of production dynamics on one GPU: by cell size, and total speed of concurrent simulations.

Cells of polystyrene with the settings of preset `standard`, compressed to their estimated density, then the sampling stage as in
production, with barostat and records. Concurrent simulations are processes that share the GPU and are timed over the same interval; the
output states whether CUDA MPS is active. `polymers_per_gpu_hour` is the total divided by the length of the standard protocol, and
`best_at_once` is the number of simulations with the highest total.

Bundles may be built on another machine: --build-only writes them, and a machine with only numpy, openmm and pydantic can run them
from --work.

    python -m benchmarks.gpu_throughput [--json] [--quick] [--platform auto] [--atoms 1000 3000 10000 30000]
        [--at-once 1 2 4 8] [--seconds 30] [--work runs/gpu_throughput] [--build-only]
"""

import json
import multiprocessing
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common import answer, command_line, environment, figure
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.engine import StageEngine
from mdcore.dynamics.runner import run
from mdcore.dynamics.stages import DynamicsStage
from mdcore.settings.execution import ExecutionSettings

POLYMER = "*CC(*)c1ccccc1"
CHAIN_ATOMS = 1000
WARM_UP_PS = 4.0
COMPRESS_PS = 10.0
COOL_PS = 4.0
PATIENCE_S = 600.0


def bundle_of(n_atoms: int, work: Path) -> SimulationBundle:
    """Read a bundle of about the given number of atoms, or build it if OpenFF is installed."""
    folder = work / f"{n_atoms}" / "bundle"
    if not (folder / "bundle.json").exists():
        from mdcore.chem import RepeatUnit
        from mdcore.measure import build_bundle
        from mdcore.settings import SimulationSettings

        n_chains = max(1, round(n_atoms / CHAIN_ATOMS))
        cell = {"n_chains": n_chains, "atoms_per_chain": n_atoms // n_chains}
        settings = SimulationSettings.model_validate({"preset": "standard", "cell": cell})
        build_bundle(RepeatUnit.from_psmiles(POLYMER), settings, seed=1, out=folder)
    return SimulationBundle.read(folder)


def condense(bundle: SimulationBundle, work: Path, execution: ExecutionSettings) -> Path:
    """Compress the cell and cool it; return the file of its positions."""
    last = max(i for i, stage in enumerate(bundle.stages) if stage.kind == "compress")
    sampling = bundle.stages[-1]
    compression = bundle.stages[last].model_copy(update={"duration_ps": COMPRESS_PS})
    cooling = DynamicsStage(
        name="cool",
        ensemble="nvt",
        duration_ps=COOL_PS,
        temperature_K=(compression.temperature_K, sampling.temperature_K[1]),
        timestep_fs=sampling.timestep_fs,
    )
    short = replace(bundle, stages=(*bundle.stages[:last], compression, cooling))
    run(short, work / "run", execution)
    return work / "run" / "final.npz"


def simulate(task, barrier, results) -> None:
    """Run the sampling stage for the given number of seconds after all have warmed up; report ns/day or the error."""
    folder, positions, execution, seconds = task
    try:
        import openmm

        bundle = SimulationBundle.read(folder)
        system = openmm.XmlSerializer.deserialize(bundle.system_xml)
        engine = StageEngine(bundle, system, len(bundle.stages) - 1, 0, 0, execution)
        with np.load(positions) as final:
            engine.start(final["positions_nm"], final["box_nm"], None)
        engine.advance(0, round(WARM_UP_PS * 1e3 / engine.timestep_fs))
        engine.record(0.0)
        barrier.wait(PATIENCE_S)
        done, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds:
            engine.advance(0, engine.chunk)
            engine.record(0.0)
            done += engine.chunk
        results.put((done * engine.timestep_fs * 1e-6 / elapsed * 86400.0, engine.platform_label))
    except Exception as error:  # noqa: BLE001  # reported to the parent process
        barrier.abort()
        results.put((None, f"{type(error).__name__}: {error}"))


def at_once(number: int, task) -> tuple[float, str]:
    """Return the total speed in ns/day of concurrent simulations, and the platform.

    Raises:
        RuntimeError: One of them failed.
    """
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(number), context.Queue()
    processes = [context.Process(target=simulate, args=(task, barrier, results)) for _ in range(number)]
    for process in processes:
        process.start()
    answers = [results.get(timeout=2 * PATIENCE_S) for _ in processes]
    for process in processes:
        process.join()
    failed = [label for speed, label in answers if speed is None and "BrokenBarrier" not in label]
    if failed or any(speed is None for speed, _ in answers):
        raise RuntimeError(f"{number} simulations at once: {failed[0] if failed else 'one did not start in time'}")
    return sum(speed for speed, _ in answers), answers[0][1]


def protocol_ns(bundle: SimulationBundle) -> float:
    """Return the length of the complete protocol of one polymer in ns, without extensions."""
    return sum(getattr(stage, "duration_ps", 0.0) for stage in bundle.stages) * 1e-3


def mps_serves() -> bool:
    """Return whether the pipe of a CUDA MPS daemon exists where this process would look for it."""
    return Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps")).joinpath("control").exists()


def main() -> int:
    parser = command_line(__doc__, "1,000 atoms, one and two simulations; the result is not saved")
    parser.add_argument("--platform", default="auto", choices=("auto", "CUDA", "HIP", "OpenCL", "CPU"))
    parser.add_argument("--atoms", nargs="+", type=int, default=[1000, 3000, 10000, 30000])
    parser.add_argument("--at-once", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each measurement in s")
    parser.add_argument("--work", type=Path, default=Path("runs/gpu_throughput"))
    parser.add_argument("--build-only", action="store_true", help="write the bundles under --work and exit")
    options = parser.parse_args()
    sizes, numbers = ([1000], [1, 2]) if options.quick else (options.atoms, options.at_once)
    bundles = {size: bundle_of(size, options.work) for size in sizes}
    if options.build_only:
        print(json.dumps({"bundles": {size: bundle.n_atoms for size, bundle in bundles.items()}}))
        return 0
    execution = ExecutionSettings(platform=options.platform, threads=1 if options.platform == "CPU" else None)
    figures: dict[str, object] = {}
    label = ""
    for size, bundle in bundles.items():
        folder = options.work / f"{size}"
        task = (folder / "bundle", condense(bundle, folder, execution), execution, options.seconds)
        length, totals = protocol_ns(bundle), {}
        for number in numbers:
            try:
                totals[number], label = at_once(number, task)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                continue
            figures[f"{size}_atoms_{number}_at_once"] = figure(round(totals[number], 2), "ns/day")
            figures[f"{size}_atoms_{number}_at_once_polymers_per_gpu_hour"] = figure(
                round(totals[number] / 24.0 / length, 3), "1/h"
            )
            print(f"{bundle.n_atoms} atoms, {number} at once: {totals[number]:.1f} ns/day", file=sys.stderr)
        if totals:
            figures[f"{size}_atoms_best_at_once"] = figure(max(totals, key=totals.get), "1")
    on_gpu = environment()["gpu"] is not None and "CPU" not in label
    answer(
        "gpu_throughput",
        figures,
        keep=on_gpu and not options.quick,
        platform=label,
        mps=mps_serves(),
        precision=execution.precision,
        atoms={size: bundle.n_atoms for size, bundle in bundles.items()},
        protocol_ns=protocol_ns(bundles[sizes[0]]),
    )
    return 0 if figures else 1


if __name__ == "__main__":
    sys.exit(main())
