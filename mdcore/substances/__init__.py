"""Substances, one kind per file: homopolymers, copolymers, molecular liquids."""

from mdcore.substances.base import CellPlan, Substance
from mdcore.substances.copolymer import Copolymer
from mdcore.substances.homopolymer import Homopolymer
from mdcore.substances.liquid import Liquid
from mdcore.substances.registry import SUBSTANCES, as_substance, register_substance, substance_of

__all__ = [
    "SUBSTANCES",
    "CellPlan",
    "Copolymer",
    "Homopolymer",
    "Liquid",
    "Substance",
    "as_substance",
    "register_substance",
    "substance_of",
]
