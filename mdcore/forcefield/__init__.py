"""OpenFF parameters of a cell, assigned once per chemical environment, and the OpenMM System built from them."""

from mdcore.forcefield.bundle import make_bundle
from mdcore.forcefield.parameters import Parameters, Terms, parameterise
from mdcore.forcefield.replicate import oligomer_plan, replicate
from mdcore.forcefield.system import cell_parameters, make_system, masses_amu, molecule_of

__all__ = [
    "Parameters",
    "Terms",
    "cell_parameters",
    "make_system",
    "masses_amu",
    "molecule_of",
    "oligomer_plan",
    "parameterise",
    "replicate",
    "make_bundle",
]
