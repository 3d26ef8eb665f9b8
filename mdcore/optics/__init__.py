"""Polarizability tiers: additive refractions (fast) and linear-response density-functional theory (accurate)."""

from typing import TYPE_CHECKING, Any

from mdcore.optics.errors import OpticsFailed, OpticsUnavailable, UnknownEnvironment
from mdcore.optics.values import LINES_NM, Refractions

if TYPE_CHECKING:
    from mdcore.optics.additive import additive_refractions
    from mdcore.optics.cache import FolderCache
    from mdcore.optics.density_functional import dft_cache_key, dft_refractions, key_prefix
    from mdcore.optics.settings import OpticsSettings
    from mdcore.optics.tiers import needs_dft, prefers_additive, refractions

__all__ = [
    "LINES_NM",
    "FolderCache",
    "OpticsFailed",
    "OpticsSettings",
    "OpticsUnavailable",
    "Refractions",
    "UnknownEnvironment",
    "additive_refractions",
    "dft_cache_key",
    "dft_refractions",
    "key_prefix",
    "needs_dft",
    "prefers_additive",
    "refractions",
]

_HOMES = {
    "FolderCache": "mdcore.optics.cache",
    "OpticsSettings": "mdcore.optics.settings",
    "additive_refractions": "mdcore.optics.additive",
    "dft_cache_key": "mdcore.optics.density_functional",
    "dft_refractions": "mdcore.optics.density_functional",
    "key_prefix": "mdcore.optics.density_functional",
    "needs_dft": "mdcore.optics.tiers",
    "prefers_additive": "mdcore.optics.tiers",
    "refractions": "mdcore.optics.tiers",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
