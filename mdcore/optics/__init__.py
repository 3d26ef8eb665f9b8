"""Polarizability tiers: additive refractions (fast) and linear-response density-functional theory (accurate)."""

from typing import TYPE_CHECKING, Any

from mdcore.optics.errors import OpticsFailed, OpticsUnavailable, UnknownEnvironment
from mdcore.optics.refractions import LINES_NM, Refractions

if TYPE_CHECKING:
    from mdcore.optics.additive import additive_refractions

__all__ = [
    "LINES_NM",
    "OpticsFailed",
    "OpticsUnavailable",
    "Refractions",
    "UnknownEnvironment",
    "additive_refractions",
]


def __getattr__(name: str) -> Any:
    if name == "additive_refractions":
        from mdcore.optics.additive import additive_refractions

        return additive_refractions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
