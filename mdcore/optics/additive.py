"""Additive tier: the molar refraction of a repeat unit as a sum over its atoms, bonds and rings."""

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from rdkit import Chem

from mdcore.chem import RepeatUnit
from mdcore.chem.isotopes import mass_excess_amu, without_isotopes
from mdcore.optics.errors import UnknownEnvironment
from mdcore.optics.increments import Increment, increments
from mdcore.optics.pi import fused_atoms
from mdcore.optics.values import Refractions

# Patterns span at most three bonds; conjugation flags depend on the neighbours of a bond's atoms.
_WINDOW_BONDS = 6
# Standard errors of a sum of tabulated increments: 300 liquids deviate by 0.42 % (robust) and 15 dispersions by 4.6 %, see
# benchmarks/optics_levels.py; the margin is for glasses.
_BASE_ERROR = 0.006
_BASE_DISPERSION_ERROR = 0.05
# Further error for pi systems not resolved in the table: fused rings and conjugated bonds without their own row.
_PI_ERRORS = {"fused-aromatic": (0.02, 0.10), "conjugated": (0.02, 0.20)}


def additive_refractions(unit: RepeatUnit) -> Refractions:
    """Sum tabulated refractions over the atoms, bonds and rings of one repeat unit inside its chain.

    The increments are those of Vogel (J. Chem. Soc. 1948, 1833, doi 10.1039/jr9480001833), completed, for environments not listed
    there, by differences of measured liquids; the table gives each source. The sum runs over the primitive
    period of the infinite chain, so that end groups do not contribute and all spellings give the same result.

    Additivity assumes localised electrons. Conjugation raises both the magnitude and the dispersion: pairs of pi systems with a
    measured reference (styrene, biphenyl, benzoates, dienes) have their own row; all others carry a flag and a
    larger error.

    Args:
        unit: Repeat unit.

    Raises:
        UnknownEnvironment: An element or bond is not in the table.
    """
    return _periodic(unit.key)


@lru_cache(maxsize=65536)
def _periodic(key: str) -> Refractions:
    unit = RepeatUnit.from_psmiles(key, elements=None)
    mol, centre = unit.window(_WINDOW_BONDS)
    return _heavier(sum_increments(mol, centre), sum(unit.mass_excess_g_mol.values()))


def molecule_refractions(mol: Chem.Mol) -> Refractions:
    """Return the molar refractions of a whole molecule; isotopes change the mass but not the refraction.

    Raises:
        UnknownEnvironment: An element or bond is not in the table.
    """
    return _heavier(sum_increments(without_isotopes(mol)), sum(mass_excess_amu(mol).values()))


def _heavier(found: Refractions, excess_g_mol: float) -> Refractions:
    return replace(found, molar_mass_g_mol=found.molar_mass_g_mol + excess_g_mol) if excess_g_mol else found


def sum_increments(mol: Chem.Mol, centre: Collection[int] | None = None) -> Refractions:
    """Sum the increments over some of a molecule's heavy atoms, with their hydrogens.

    A bond or ring that is partly inside is weighted by the fraction of its atoms inside.

    Args:
        mol: Molecule without explicit hydrogens or isotope labels.
        centre: Indices of the heavy atoms to sum over, all by default.

    Raises:
        UnknownEnvironment: An element or bond is not in the table.
    """
    full, inside = _with_hydrogens(mol, centre)
    weights, covered = _count(full, inside)
    flags = _pi_flags(full, inside, covered)
    flags |= {f"estimate:{row.name}" for row, weight in weights.items() if row.is_estimate and weight > 0}
    table = Chem.GetPeriodicTable()
    mass = math.fsum(table.GetAtomicWeight(full.GetAtomWithIdx(i).GetAtomicNum()) for i in sorted(inside))
    return _total(weights, flags, mass)


def increment_weights(mol: Chem.Mol) -> dict[Increment, float]:
    """Return the table rows that contribute to a molecule, with their weights."""
    return _count(*_with_hydrogens(mol, None))[0]


def _with_hydrogens(mol: Chem.Mol, centre: Collection[int] | None) -> tuple[Chem.Mol, set[int]]:
    full = Chem.AddHs(mol)
    inside = set(range(mol.GetNumAtoms())) if centre is None else set(centre)
    inside |= {
        n.GetIdx() for i in sorted(inside) for n in full.GetAtomWithIdx(i).GetNeighbors() if n.GetAtomicNum() == 1
    }
    return full, inside


def _count(full: Chem.Mol, inside: set[int]) -> tuple[dict[Increment, float], set[frozenset[int]]]:
    weights: dict[Increment, float] = defaultdict(float)
    _count_atoms(full, inside, weights)
    covered = _count_bonds(full, inside, weights)
    _count_rings(full, inside, weights)
    return weights, covered


def _count_atoms(mol: Chem.Mol, inside: set[int], weights: dict[Increment, float]) -> None:
    assigned: set[int] = set()
    for row in increments("atom"):
        for match in mol.GetSubstructMatches(row.query, uniquify=False, maxMatches=100_000):
            if match[0] in inside and match[0] not in assigned:
                assigned.add(match[0])
                weights[row] += 1
    for i in sorted(inside - assigned):
        atom = mol.GetAtomWithIdx(i)
        raise UnknownEnvironment(
            f"no refraction is tabulated for {atom.GetSymbol()} with {atom.GetTotalDegree()} neighbours; use the dft tier"
        )
    for i in sorted(inside):
        if mol.GetAtomWithIdx(i).GetAtomicNum() == 14 and mol.GetAtomWithIdx(i).GetTotalDegree() != 4:
            raise UnknownEnvironment("no refraction is tabulated for silicon without four bonds; use the dft tier")


def _count_bonds(mol: Chem.Mol, inside: set[int], weights: dict[Increment, float]) -> set[frozenset[int]]:
    covered: set[frozenset[int]] = set()
    for row in increments("bond"):
        for match in mol.GetSubstructMatches(row.query, uniquify=False, maxMatches=100_000):
            pair = frozenset(match[:2])
            if pair in covered or not pair & inside:
                continue
            covered.add(pair)
            weights[row] += len(pair & inside) / 2
    for bond in mol.GetBonds():
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        pair = frozenset(end.GetIdx() for end in ends)
        if pair & inside and pair not in covered and any(end.GetAtomicNum() == 14 for end in ends):
            names = "-".join(end.GetSymbol() for end in ends)
            raise UnknownEnvironment(f"no refraction is tabulated for the bond {names}; use the dft tier")
    return covered


def _count_rings(mol: Chem.Mol, inside: set[int], weights: dict[Increment, float]) -> None:
    by_size = {int(row.pattern): row for row in increments("ring")}
    for ring in mol.GetRingInfo().AtomRings():
        row = by_size.get(len(ring))
        saturated = not any(mol.GetAtomWithIdx(i).GetIsAromatic() for i in ring)
        if row is not None and saturated and set(ring) & inside:
            weights[row] += len(set(ring) & inside) / len(ring)


def _pi_flags(mol: Chem.Mol, inside: set[int], covered: set[frozenset[int]]) -> set[str]:
    flags = {"fused-aromatic"} if fused_atoms(mol, inside) else set()
    for bond in mol.GetBonds():
        pair = frozenset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        if not pair & inside or pair in covered or bond.GetIsAromatic() or bond.GetBondTypeAsDouble() != 1.0:
            continue
        if bond.GetIsConjugated() and all(_has_pi_bond(mol.GetAtomWithIdx(i)) for i in pair):
            flags.add("conjugated")
    return flags


def _has_pi_bond(atom: Chem.Atom) -> bool:
    """Distinguish carbon and nitrogen in a double or aromatic bond from atoms that only contribute a lone pair."""
    if atom.GetAtomicNum() not in (6, 7):
        return False
    return atom.GetIsAromatic() or any(b.GetBondTypeAsDouble() >= 2.0 for b in atom.GetBonds())


def _total(weights: dict[Increment, float], flags: set[str], mass: float) -> Refractions:
    r_C, r_D, r_F = (math.fsum(w * getattr(row, line) for row, w in weights.items()) for line in ("r_C", "r_D", "r_F"))
    g_terms = [None if row.r_g is None else w * row.r_g for row, w in weights.items()]
    r_g = math.fsum(t for t in g_terms if t is not None) if None not in g_terms else None
    # The error of a row is common to all its occurrences; errors of different rows are independent.
    variance = math.fsum((w * row.relative_error * row.r_D) ** 2 for row, w in weights.items()) / r_D**2
    spread = r_F - r_C
    dispersion = (
        math.fsum((w * row.dispersion_error * (row.r_F - row.r_C)) ** 2 for row, w in weights.items()) / spread**2
    )
    variance += _BASE_ERROR**2 + math.fsum(_PI_ERRORS[f][0] ** 2 for f in flags if f in _PI_ERRORS)
    dispersion += _BASE_DISPERSION_ERROR**2 + math.fsum(_PI_ERRORS[f][1] ** 2 for f in flags if f in _PI_ERRORS)
    return Refractions(
        molar_mass_g_mol=mass,
        r_C=r_C,
        r_D=r_D,
        r_F=r_F,
        relative_error=math.sqrt(variance),
        relative_dispersion_error=math.sqrt(dispersion),
        tier="additive",
        flags=tuple(sorted(flags)),
        r_g=r_g,
    )
