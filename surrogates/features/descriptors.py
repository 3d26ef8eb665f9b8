"""Chemical descriptors of the periodic repeat unit, averaged over one period."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors, rdPartialCharges

from mdcore.chem import RepeatUnit
from surrogates.features.scales import SCALES

ELEMENTS = ("H", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
HYDROGEN_MASS = float(Chem.GetPeriodicTable().GetAtomicWeight(1))
VOLUMES = {
    "H": 7.24, "C": 20.58, "N": 15.60, "O": 14.71, "F": 13.31, "Si": 38.79, "P": 24.43, "S": 24.43, "Cl": 22.45, "Br": 26.52,
    "I": 32.52, "B": 40.48, "As": 26.52, "Se": 28.73, "Te": 36.62,
}  # fmt: skip
"""Bondi volumes of atoms in cubic angstrom. The van der Waals volume of a molecule is their sum minus the following contributions for each
bond, aromatic ring and other ring (Zhao, Abraham and Zissimos, 10.1021/jo034808o, equation 4 and table 2).
"""
BOND_VOLUME = 5.92
AROMATIC_RING_VOLUME = 14.7
RING_VOLUME = 3.8
LARGEST = 5.0
"""Absolute value to which standardised descriptors are clipped, to limit the influence of unusual units."""

NAMES = (
    *(f"mass_fraction_{element}" for element in ELEMENTS),
    "heavy_fraction",
    "mass_per_atom",
    "logp_per_atom",
    "refractivity_per_atom",
    "refractivity_per_mass",
    "surface_per_atom",
    "surface_per_mass",
    "polar_surface_per_heavy",
    "charge_absolute",
    "charge_spread",
    "charge_largest",
    "charge_smallest",
    "sp3",
    "sp2",
    "sp",
    "aromatic",
    "ring",
    "fused_ring",
    "backbone",
    "backbone_mass",
    "backbone_ring",
    "rotatable",
    "double_bond",
    "triple_bond",
    "aromatic_bond",
    "methyl",
    "methylene",
    "methine",
    "quaternary",
    "terminal",
    "branching",
    "donor",
    "acceptor",
    "side_chain_depth",
    "log_heavy",
    "atoms_per_mass",
    "volume_per_mass",
    "refractivity_per_volume",
)

EMPHASISED = ("atoms_per_mass", "volume_per_mass", "refractivity_per_volume")
"""Descriptors that determine heat capacity (Dulong-Petit), density (van der Waals volume) and refractive index (Lorentz-Lorenz)."""

EMPHASIS = 3.0
"""Factor of the emphasised descriptors, which are few among many. Chosen on learning curves of 40 polymers.

With a thousand polymers it hardly matters; with a few tens of measured ones, more of it is better (`benchmarks/active_learning.py`)."""

_WEIGHT = np.array([EMPHASIS if name in EMPHASISED else 1.0 for name in NAMES])
_CENTRE = np.array([SCALES[name][0] for name in NAMES])
_SPREAD = np.array([SCALES[name][1] for name in NAMES])


def periodic_descriptors(unit: RepeatUnit, bonds: int) -> NDArray[np.float64]:
    """Average chemical descriptors over the atoms of one period of the infinite chain.

    Args:
        unit: The repeat unit.
        bonds: Bonds between the centre period and the caps, at least 3 for Gasteiger charges and Crippen types.

    Returns:
        Shape (len(NAMES),), finite, in the order of `NAMES`.
    """
    window, centre = unit.window(bonds)
    mol = Chem.AddHs(window)
    heavy = [mol.GetAtomWithIdx(i) for i in centre]
    # Access to RDKit objects costs more than the arithmetic, so each neighbour is read once.
    bound = [[n.GetIdx() for n in atom.GetNeighbors() if n.GetAtomicNum() == 1] for atom in heavy]
    hydrogens = [index for indices in bound for index in indices]
    members = np.array([*centre, *hydrogens])
    n_atoms, n_heavy = len(members), len(heavy)
    masses = dict.fromkeys(ELEMENTS, 0.0)
    for atom in heavy:
        masses[atom.GetSymbol()] = masses.get(atom.GetSymbol(), 0.0) + atom.GetMass()
    masses["H"] += len(hydrogens) * HYDROGEN_MASS
    for symbol, excess in unit.mass_excess_g_mol.items():
        masses[symbol] += excess
    counts = Counter(atom.GetSymbol() for atom in heavy)
    counts["H"] += len(hydrogens)
    mass = sum(masses.values())

    crippen = np.array(rdMolDescriptors._CalcCrippenContribs(mol))[members].sum(axis=0)
    surfaces, _ = rdMolDescriptors._CalcLabuteASAContribs(mol)
    surface = float(np.array(surfaces)[members].sum())
    polar = float(np.array(rdMolDescriptors._CalcTPSAContribs(mol))[members].sum())
    charges = gasteiger_charges(mol, members)

    ring = mol.GetRingInfo()
    rings_of = np.array([ring.NumAtomRings(int(i)) for i in members[:n_heavy]])
    hybrids = [atom.GetHybridization() for atom in heavy]
    hydrogens_on = np.array([len(indices) for indices in bound])
    degree = np.array([atom.GetDegree() for atom in heavy]) - hydrogens_on
    numbers = np.array([atom.GetAtomicNum() for atom in heavy])
    aliphatic = (numbers == 6) & np.array([kind == Chem.HybridizationType.SP3 for kind in hybrids])
    polar_atoms = (numbers == 7) | (numbers == 8)

    inside = set(centre)
    capped = set(hydrogens)
    linked = {bond.GetIdx(): bond for atom in heavy for bond in atom.GetBonds()}
    ends = [(bond, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in linked.values()]
    ends = [(bond, a, b) for bond, a, b in ends if a not in capped and b not in capped]
    kinds = [bond.GetBondType() for bond, _, _ in ends]
    degrees = dict(zip(centre, degree.tolist(), strict=True))
    rotatable = [
        kind == Chem.BondType.SINGLE
        and not ring.NumBondRings(bond.GetIdx())
        and min(degrees[i] if i in degrees else _heavy_degree(mol.GetAtomWithIdx(i)) for i in (a, b)) > 1
        for (bond, a, b), kind in zip(ends, kinds, strict=True)
    ]
    # A bond to a neighbouring period counts one half.
    shares = np.array([0.5 * ((a in inside) + (b in inside)) for _, a, b in ends])
    n_bonds = max(float(shares.sum()), 1.0)
    backbone, depth = _backbone(unit)
    # An infinite chain has one bond per atom, plus one per ring.
    rings = float(shares.sum()) - n_heavy
    aromatic_rings = _aromatic_rings(mol, inside)
    volume = sum(VOLUMES.get(symbol, VOLUMES["C"]) * n for symbol, n in counts.items())
    volume -= BOND_VOLUME * (n_atoms + rings)
    volume -= AROMATIC_RING_VOLUME * aromatic_rings + RING_VOLUME * max(rings - aromatic_rings, 0.0)

    values = [
        *(masses[element] / mass for element in ELEMENTS),
        n_heavy / n_atoms,
        mass / n_atoms,
        crippen[0] / n_atoms,
        crippen[1] / n_atoms,
        crippen[1] / mass,
        surface / n_atoms,
        surface / mass,
        polar / n_heavy,
        float(np.abs(charges).mean()),
        float(charges.std()),
        float(charges.max()),
        float(charges.min()),
        *(hybrids.count(kind) / n_heavy for kind in (Chem.HybridizationType.SP3, Chem.HybridizationType.SP2)),
        hybrids.count(Chem.HybridizationType.SP) / n_heavy,
        sum(atom.GetIsAromatic() for atom in heavy) / n_heavy,
        float((rings_of > 0).mean()),
        float((rings_of > 1).mean()),
        *backbone,
        float(shares @ np.array(rotatable, dtype=float)) / n_bonds,
        *(
            float(shares @ np.array([kind == wanted for kind in kinds], dtype=float)) / n_bonds
            for wanted in (Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC)
        ),
        *(float((aliphatic & (hydrogens_on == n)).mean()) for n in (3, 2, 1, 0)),
        float((degree == 1).mean()),
        float((degree >= 3).mean()),
        float((polar_atoms & (hydrogens_on > 0)).mean()),
        float(polar_atoms.mean()),
        depth,
        float(np.log(n_heavy)),
        n_atoms / mass,
        volume / mass,
        crippen[1] / volume,
    ]
    return np.array(values, dtype=np.float64)


def standardised_descriptors(unit: RepeatUnit, bonds: int) -> NDArray[np.float64]:
    """Return `periodic_descriptors` in standard deviations from the mean of known polymers, clipped and weighted."""
    standard = (periodic_descriptors(unit, bonds) - _CENTRE) / _SPREAD
    return np.asarray(_WEIGHT * np.clip(standard, -LARGEST, LARGEST), dtype=np.float64)


def _heavy_degree(atom: Chem.Atom) -> int:
    return sum(neighbour.GetAtomicNum() > 1 for neighbour in atom.GetNeighbors())


def gasteiger_charges(mol: Chem.Mol, atoms: Iterable[int]) -> NDArray[np.float64]:
    """Gasteiger charges of some atoms (e), zero where the method has no parameter for an element."""
    rdPartialCharges.ComputeGasteigerCharges(mol, throwOnParamFailure=False)
    charges = np.array([mol.GetAtomWithIdx(int(i)).GetDoubleProp("_GasteigerCharge") for i in atoms])
    return np.where(np.isfinite(charges), charges, 0.0)


def _aromatic_rings(mol: Chem.Mol, inside: set[int]) -> float:
    """Number of aromatic rings of one period; a ring shared with a neighbouring period counts with the fraction of its atoms."""
    return sum(
        sum(i in inside for i in ring) / len(ring)
        for ring in mol.GetRingInfo().AtomRings()
        if all(mol.GetAtomWithIdx(i).GetIsAromatic() for i in ring)
    )


def _backbone(unit: RepeatUnit) -> tuple[tuple[float, float, float], float]:
    """Fractions of atoms and mass in the backbone, fraction of the backbone in rings, mean distance of heavy atoms from the backbone."""
    mol = unit.primitive_mol
    stars = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    distances = Chem.GetDistanceMatrix(mol)
    kept = np.array([i for i in range(mol.GetNumAtoms()) if mol.GetAtomWithIdx(i).GetAtomicNum() > 1])
    through = distances[stars[0], kept] + distances[stars[1], kept]
    on_path = through <= distances[stars[0], stars[1]]
    # Ring atoms beside the shortest path belong to the backbone as well.
    path = set(kept[on_path].tolist())
    for ring in mol.GetRingInfo().AtomRings():
        if len(path.intersection(ring)) > 1:
            path |= set(ring)
    chain = np.array([i in path for i in kept])
    masses = np.array([mol.GetAtomWithIdx(int(i)).GetMass() for i in kept])
    in_ring = np.array([mol.GetAtomWithIdx(int(i)).IsInRing() for i in kept])
    depth = distances[np.ix_(kept, kept[chain])].min(axis=1)
    shares = (float(chain.mean()), float(masses[chain].sum() / masses.sum()), float(in_ring[chain].mean()))
    return shares, float(depth.mean())
