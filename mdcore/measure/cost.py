"""Estimates of the time that simulations take, shown before they start.

The time of a step is that of a machine of the benchmarks: one core of an AVX2 server processor (`benchmarks/cpu_threads.py`: 1.1 ms at
582 atoms, 10.7 ms at 4,970), and a data-centre GPU by the public benchmarks of OpenMM (about 0.15 ms at 10,000 atoms and 0.3 ms at 30,000;
not measured here). Calculations beside the dynamics are not included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mdcore.measure.plan import Plan, Task
from mdcore.settings.simulation import SimulationSettings

_CORE_S_PER_ATOM = 2.1e-6
_GPU_S, _GPU_S_PER_ATOM = 7.5e-5, 7.5e-9


@dataclass(frozen=True)
class Cost:
    """Estimated time of a simulation with all its replicates.

    Attributes:
        simulated_ns: Total length of the dynamics in ns.
        core_s: Time on one CPU core in s.
        gpu_s: Time on one GPU in s.
    """

    simulated_ns: float
    core_s: float
    gpu_s: float


def cost_of(plan: Plan, settings: SimulationSettings, finished: Sequence[str] = ()) -> Cost:
    """Estimate the time of the dynamics of a plan.

    Args:
        plan: Plan for a known substance.
        settings: Settings of the simulation.
        finished: Names of runs that are finished already.
    """
    n_atoms = settings.cell.n_chains * settings.cell.atoms_per_chain
    runs = [task for task in plan.tasks if task.kind == "run" and task.name not in finished]

    def total_s(s_per_step: float, s_per_atom: float) -> float:
        return settings.replicates * sum(
            task.n_steps * (s_per_step + s_per_atom * n_atoms * task.relative_size) for task in runs
        )

    simulated_ns = settings.replicates * sum(task.simulated_ps for task in runs) / 1000.0
    return Cost(simulated_ns, total_s(0.0, _CORE_S_PER_ATOM), total_s(_GPU_S, _GPU_S_PER_ATOM))


def runs_of(plan: Plan) -> tuple[Task, ...]:
    """Return the runs of a plan in order."""
    return tuple(task for task in plan.tasks if task.kind == "run")


def finished_runs(folder: Path, plan: Plan) -> tuple[str, ...]:
    """Return the names of the runs that a folder of a single simulation holds finished; those of replicates are not looked up."""
    return tuple(task.name for task in runs_of(plan) if (folder / task.folder / "run.json").is_file())
