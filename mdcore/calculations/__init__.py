"""Cached tasks beside the dynamics, one a file: molar refractions today."""

from mdcore.calculations.base import Calculation, FinishedRun, Piece
from mdcore.calculations.registry import CALCULATIONS, register_calculation

__all__ = ["CALCULATIONS", "Calculation", "FinishedRun", "Piece", "register_calculation"]
