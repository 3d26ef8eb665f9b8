"""Base class of settings models, shared with `generators` and `surrogates`."""

from mdcore.chem.settings import Settings

__all__ = ["Settings"]
