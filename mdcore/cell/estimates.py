"""Estimates from the repeat unit alone: van der Waals volume, density, glass transition.

They set the starting density and the highest temperature of a simulation. Results of protocols that cool at constant pressure do not
depend on them; after cooling at constant volume and a short sampling, the result retains some memory of the density.
"""

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from mdcore.chem.constants import AVOGADRO_PER_MOL
from mdcore.chem.repeat_unit import RepeatUnit

_ATOM_VOLUMES_A3 = {
    "H": 7.24, "C": 20.58, "N": 15.60, "O": 14.71, "F": 13.31, "Cl": 22.45, "Br": 26.52, "I": 32.52, "P": 24.43, "S": 24.43,
    "Si": 38.79, "B": 40.48, "Se": 28.73,
}  # fmt: skip
_GLASS_PACKING = 1.5
"""Ratio of the molar volume of an amorphous polymer to its van der Waals volume: 1.49 with a standard deviation of 0.08 for the 61
polymers of PolyArena (doi:10.48550/arXiv.2510.13696) with elements of the force field."""

GLASS_TRANSITION_ERROR_K = 50.0
"""Leave-one-out error of `glass_transition_estimate_k` in K on its 57 polymers, whose transitions have a standard deviation of 92 K."""
_TRANSITION_K, _RING_SHARE_K, _ROTATABLE_SHARE_K = 475.0, 40.0, -279.0

CONSTANT_VOLUME_MELT_K = 1000.0
"""Temperature in K of a melt kept at the density of the glass."""
COLDEST_MELT_K, HOTTEST_MELT_K = 600.0, 1000.0
"""Limits in K of the temperature of a melt at constant pressure."""


def vdw_volume_nm3(mol: Chem.Mol) -> float:
    """Return the van der Waals volume of one molecule.

    V = sum of atom volumes - 5.92 N_bonds - 14.7 R_aromatic - 3.8 R_other, in cubic angstrom (Zhao et al. 2003,
    doi:10.1021/jo034808o).

    Args:
        mol: Molecule; hydrogens may be implicit, stars are ignored.
    """
    explicit = Chem.AddHs(mol)
    symbols = [atom.GetSymbol() for atom in explicit.GetAtoms() if atom.GetAtomicNum() > 0]
    bonds = sum(1 for b in explicit.GetBonds() if b.GetBeginAtom().GetAtomicNum() and b.GetEndAtom().GetAtomicNum())
    aromatic = rdMolDescriptors.CalcNumAromaticRings(explicit)
    other = rdMolDescriptors.CalcNumRings(explicit) - aromatic
    volume = sum(_ATOM_VOLUMES_A3.get(s, 25.0) for s in symbols) - 5.92 * bonds - 14.7 * aromatic - 3.8 * other
    return float(volume) / 1000.0


def density_estimate_g_cm3(unit: RepeatUnit) -> float:
    """Estimate the density of the glass as mass / (1.5 V_vdW); the standard error is 5 % for common polymers."""
    # The bond between two units is not among the bonds of the unit.
    volume_nm3 = vdw_volume_nm3(unit.mol) - 5.92e-3
    return float(unit.molar_mass_g_mol / AVOGADRO_PER_MOL / (_GLASS_PACKING * volume_nm3 * 1e-21))


def glass_transition_estimate_k(unit: RepeatUnit) -> float:
    """Estimate the glass transition in K: 475 + 40 (ring atoms) - 279 (rotatable bonds), both per heavy atom.

    A least-squares fit to the measured transitions of 57 polymers without silicon (PolyArena, doi:10.48550/arXiv.2510.13696,
    and handbook values). Rotatable bonds are acyclic single bonds between non-terminal atoms, including the bond to the next
    unit. Use it only for corrections that depend weakly on the transition; see `GLASS_TRANSITION_ERROR_K`.
    """
    mol = unit.natural.primitive_mol
    heavy = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum()]
    in_rings = sum(atom.IsInRing() for atom in heavy)
    rotatable = 0.0
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
            continue
        if not all(atom.GetAtomicNum() for atom in ends):
            # Two stars share the bond to the next unit.
            rotatable += 0.5
        elif all(atom.GetDegree() > 1 for atom in ends):
            rotatable += 1.0
    return _TRANSITION_K + (_RING_SHARE_K * in_rings + _ROTATABLE_SHARE_K * rotatable) / len(heavy)


def melt_temperature_k(unit: RepeatUnit, glass_transition_k: float | None = None) -> float:
    """Choose a temperature at which the chains are mobile: 100 K above the glass transition, between 600 K and 1000 K.

    Args:
        unit: The repeat unit.
        glass_transition_k: Known glass transition in K; if None, 800 K is used for backbones of rings, such as those of
            polyimides, and 600 K for all others.
    """
    if glass_transition_k is not None:
        return min(HOTTEST_MELT_K, max(COLDEST_MELT_K, glass_transition_k + 100.0))
    from mdcore.chem.backbone import star_path

    mol = unit.primitive_mol
    path = star_path(mol)[1:-1]
    in_rings = sum(mol.GetAtomWithIdx(i).IsInRing() for i in path)
    return 800.0 if in_rings >= 0.6 * len(path) else COLDEST_MELT_K
