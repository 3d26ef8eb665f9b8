"""From a repeat unit, copolymer or liquid to measured properties: build, run, analyse, or all three with restarts."""

from typing import TYPE_CHECKING, Any

from mdcore.protocols.progress import Progress
from mdcore.simulate.result import SimulationResult

if TYPE_CHECKING:
    from mdcore.simulate.analyse import OPTICAL, SUPPORTED, analyse
    from mdcore.simulate.build import build_bundle
    from mdcore.simulate.complete import other_simulation, run_bundle, simulate
    from mdcore.simulate.export import export_cell
    from mdcore.simulate.outputs import final_views, write_outputs
    from mdcore.simulate.specimen import Copolymer, Liquid, Specimen
    from mdcore.simulate.stages import prepare

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
    "OPTICAL": "mdcore.simulate.analyse",
    "SUPPORTED": "mdcore.simulate.analyse",
    "Copolymer": "mdcore.simulate.specimen",
    "Liquid": "mdcore.simulate.specimen",
    "Specimen": "mdcore.simulate.specimen",
    "analyse": "mdcore.simulate.analyse",
    "build_bundle": "mdcore.simulate.build",
    "export_cell": "mdcore.simulate.export",
    "final_views": "mdcore.simulate.outputs",
    "other_simulation": "mdcore.simulate.complete",
    "prepare": "mdcore.simulate.stages",
    "run_bundle": "mdcore.simulate.complete",
    "simulate": "mdcore.simulate.complete",
    "write_outputs": "mdcore.simulate.outputs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
