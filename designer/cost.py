"""Estimated time of simulations, in words, shown before they start."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from designer.text import duration

if TYPE_CHECKING:
    from mdcore.measure.cost import Cost
    from mdcore.measure.plan import Plan
    from mdcore.settings import SimulationSettings


def cost_document(cost: "Cost") -> dict[str, Any]:
    """Return an estimate in JSON types."""
    return {
        "simulated_ns": round(cost.simulated_ns, 4),
        "one_core_s": round(cost.core_s, 1),
        "one_gpu_s": round(cost.gpu_s, 1),
    }


def cost_line(plan: "Plan", settings: "SimulationSettings", finished: Sequence[str] = ()) -> str | None:
    """Return the runs of a plan, their length and about how long they take; None if there is nothing to run.

    Args:
        plan: Plan for a known substance.
        settings: Settings of the simulation.
        finished: Names of runs that are finished already.
    """
    from mdcore.measure.cost import cost_of, runs_of

    runs = [task.name for task in runs_of(plan) if task.name not in finished]
    if not runs:
        return None
    cost = cost_of(plan, settings, finished)
    cells = f" in each of {settings.replicates} cells" if settings.replicates > 1 else ""
    return (
        f"{cost.simulated_ns:.3g} ns of dynamics ({', '.join(runs)}{cells}): about {duration(cost.core_s)} on one CPU core, "
        f"{duration(cost.gpu_s)} on a data-centre GPU"
    )
