"""Parameters of a cell, listed for descriptors."""

import numpy as np

from mdcore.cell.topology import FloatArray
from mdcore.chem.constants import KJ_PER_KCAL
from mdcore.forcefield.parameters import Parameters
from mdcore.forces.terms import are_proper

_ANGSTROM_PER_NM = 10.0


def parameter_values(parameters: Parameters, masses_amu: FloatArray) -> dict[str, FloatArray]:
    """Return the parameters of all atoms and terms by the names, and in the units, of `mdcore.chem.parameter_distributions`.

    Bonds include those that are constrained in the simulation; improper torsions are left out.

    Args:
        parameters: Parameters of the cell.
        masses_amu: True masses of the atoms, shape (n,).
    """
    torsions = parameters.torsions
    proper = are_proper(torsions.atoms, parameters.bonds.atoms, len(parameters.charges))
    same, barriers = torsions.atoms[proper], torsions.values[proper, 2]
    different, which = np.unique(same, axis=0, return_inverse=True)
    return {
        "mass_dalton": masses_amu,
        "charge_e": parameters.charges,
        "rmin_half_angstrom": parameters.sigmas * _ANGSTROM_PER_NM * 2 ** (1 / 6) / 2,
        "epsilon_kcal_mol": parameters.epsilons / KJ_PER_KCAL,
        "bond_length_angstrom": parameters.bonds.values[:, 0] * _ANGSTROM_PER_NM,
        "bond_k_kcal_mol_angstrom2": parameters.bonds.values[:, 1] / KJ_PER_KCAL / _ANGSTROM_PER_NM**2,
        "angle_degree": np.degrees(parameters.angles.values[:, 0]),
        "angle_k_kcal_mol_rad2": parameters.angles.values[:, 1] / KJ_PER_KCAL,
        "torsion_k_kcal_mol": np.bincount(which.ravel(), barriers, minlength=len(different)) / KJ_PER_KCAL,
    }
