"""Drawings of repeat units, as report and page use them."""

from mdcore.chem.drawing import structure_svg

__all__ = ["structure_svg"]
