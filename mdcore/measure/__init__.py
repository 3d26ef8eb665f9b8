"""Simulations of substances: plan, build, run, calculate and analyse, with restarts."""

from typing import TYPE_CHECKING, Any

from mdcore.dynamics.progress import Progress
from mdcore.measure.result import SimulationResult

if TYPE_CHECKING:
    from mdcore.measure.build import build_bundle
    from mdcore.measure.complete import other_simulation, plan_simulation, prepare, run_bundle, simulate
    from mdcore.measure.export import export_cell
    from mdcore.measure.outputs import final_views, write_outputs
    from mdcore.measure.plan import Plan, Task
    from mdcore.substances import Copolymer, Homopolymer, Liquid, Substance

__all__ = [
    "Copolymer",
    "Homopolymer",
    "Liquid",
    "Plan",
    "Progress",
    "SimulationResult",
    "Substance",
    "Task",
    "build_bundle",
    "export_cell",
    "final_views",
    "other_simulation",
    "plan_simulation",
    "prepare",
    "run_bundle",
    "simulate",
    "write_outputs",
]

_HOMES = {
    "Copolymer": "mdcore.substances",
    "Homopolymer": "mdcore.substances",
    "Liquid": "mdcore.substances",
    "Plan": "mdcore.measure.plan",
    "Substance": "mdcore.substances",
    "Task": "mdcore.measure.plan",
    "build_bundle": "mdcore.measure.build",
    "export_cell": "mdcore.measure.export",
    "final_views": "mdcore.measure.outputs",
    "other_simulation": "mdcore.measure.complete",
    "plan_simulation": "mdcore.measure.complete",
    "prepare": "mdcore.measure.complete",
    "run_bundle": "mdcore.measure.complete",
    "simulate": "mdcore.measure.complete",
    "write_outputs": "mdcore.measure.outputs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
