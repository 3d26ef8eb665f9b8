"""Forces of a bundle's System, term by term, computed with numpy and scipy, and the flow of heat that they carry."""

from mdcore.forces.constraints import Constraints
from mdcore.forces.decompose import RecordedFrames, decompose_heat_flow
from mdcore.forces.flow import COMPONENTS, FrameFlow, HeatFlow, HeatPath, heat_flow_series
from mdcore.forces.interactions import Batch, Interactions
from mdcore.forces.terms import SystemTerms, TermTable

__all__ = [
    "COMPONENTS",
    "Batch",
    "Constraints",
    "FrameFlow",
    "HeatFlow",
    "HeatPath",
    "Interactions",
    "RecordedFrames",
    "SystemTerms",
    "TermTable",
    "decompose_heat_flow",
    "heat_flow_series",
]
