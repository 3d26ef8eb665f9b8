"""Kernels between repeat units."""

from surrogates.kernels.minmax import minmax

__all__ = ["minmax"]
