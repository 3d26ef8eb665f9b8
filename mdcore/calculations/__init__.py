"""Cached calculations other than dynamics, one per file: molar refractions."""

from mdcore.calculations.base import Calculation, FinishedRun, Piece
from mdcore.calculations.registry import CALCULATIONS, register_calculation

__all__ = ["CALCULATIONS", "Calculation", "FinishedRun", "Piece", "register_calculation"]
