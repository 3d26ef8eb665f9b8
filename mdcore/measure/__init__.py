"""From a repeat unit, copolymer or liquid to measured properties: build, run, analyse, or all three with restarts."""

from typing import TYPE_CHECKING, Any

from mdcore.dynamics.progress import Progress
from mdcore.measure.result import SimulationResult

if TYPE_CHECKING:
    from mdcore.measure.analyse import OPTICAL, SUPPORTED, analyse
    from mdcore.measure.build import build_bundle
    from mdcore.measure.complete import other_simulation, run_bundle, simulate
    from mdcore.measure.export import export_cell
    from mdcore.measure.outputs import final_views, write_outputs
    from mdcore.measure.specimen import Copolymer, Liquid, Specimen
    from mdcore.measure.stages import prepare

__all__ = [
    "OPTICAL",
    "SUPPORTED",
    "Copolymer",
    "Liquid",
    "Progress",
    "SimulationResult",
    "Specimen",
    "analyse",
    "build_bundle",
    "export_cell",
    "final_views",
    "other_simulation",
    "prepare",
    "run_bundle",
    "simulate",
    "write_outputs",
]

_HOMES = {
    "OPTICAL": "mdcore.measure.analyse",
    "SUPPORTED": "mdcore.measure.analyse",
    "Copolymer": "mdcore.measure.specimen",
    "Liquid": "mdcore.measure.specimen",
    "Specimen": "mdcore.measure.specimen",
    "analyse": "mdcore.measure.analyse",
    "build_bundle": "mdcore.measure.build",
    "export_cell": "mdcore.measure.export",
    "final_views": "mdcore.measure.outputs",
    "other_simulation": "mdcore.measure.complete",
    "prepare": "mdcore.measure.stages",
    "run_bundle": "mdcore.measure.complete",
    "simulate": "mdcore.measure.complete",
    "write_outputs": "mdcore.measure.outputs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
