"""The base of every settings model, which `generators` and `surrogates` share."""

from mdcore.chem.settings import Settings

__all__ = ["Settings"]
