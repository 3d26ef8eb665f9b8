"""Chains and amorphous cells in three dimensions."""

from mdcore.cell.cell import (
    Cell,
    chain_length,
    grow_cell,
    make_topology,
    plan_copolymer,
    plan_homopolymer,
    plan_liquid,
    repair_spears,
)
from mdcore.cell.estimates import density_estimate_g_cm3, melt_temperature_k, vdw_volume_nm3
from mdcore.cell.growth import ChainPlan
from mdcore.cell.residue import Residue, make_residue
from mdcore.cell.sequence import AlternatingSequence, BlockSequence, RandomSequence, UnitSequence, draw_sequence
from mdcore.cell.spearing import find_spears, pierces
from mdcore.cell.topology import Topology

__all__ = [
    "AlternatingSequence",
    "BlockSequence",
    "Cell",
    "ChainPlan",
    "RandomSequence",
    "Residue",
    "Topology",
    "UnitSequence",
    "chain_length",
    "density_estimate_g_cm3",
    "draw_sequence",
    "find_spears",
    "grow_cell",
    "make_residue",
    "make_topology",
    "melt_temperature_k",
    "pierces",
    "plan_copolymer",
    "plan_homopolymer",
    "plan_liquid",
    "repair_spears",
    "vdw_volume_nm3",
]
