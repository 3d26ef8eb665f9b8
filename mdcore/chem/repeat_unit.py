"""The repeat unit of a polymer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import _CalcMolWt as average_molar_mass

from mdcore.chem.backbone import canonical_unit, star_path
from mdcore.chem.elements import FORCE_FIELD_ELEMENTS
from mdcore.chem.isotopes import labelled_atoms, mass_excess_amu, without_isotopes
from mdcore.chem.notation import read_end_group, read_repeat_unit, spell
from mdcore.chem.oligomer import Chain, join_units


@dataclass(frozen=True)
class RepeatUnit:
    """A repeat unit; two are equal if they represent the same infinite chain.

    Create it with `from_psmiles`. Equality and hash are those of `key`.

    Attributes:
        psmiles: Canonical SMILES of the unit as given, with two plain stars.
        key: Canonical pSMILES of the infinite chain's smallest period, invariant to atom order, direction and the position
            of the cut. `*CC*` and `*C*` represent the same infinite chain and share the key `*C*`.
    """

    psmiles: str = field(compare=False)
    key: str

    @classmethod
    def from_psmiles(cls, text: str, *, elements: frozenset[str] | None = FORCE_FIELD_ELEMENTS) -> "RepeatUnit":
        """Read a pSMILES in any spelling: `*CC*`, `[*]CC[*]`, `C(*)C*`, `[*:1]CC[*:2]`, `[1*]CC[2*]`.

        Args:
            text: SMILES with exactly two stars. Where both stand in a multiple bond, the chain is cut at a single bond instead.
            elements: Elements to accept; by default those covered by the force field, None for any.

        Raises:
            InvalidRepeatUnit: The SMILES is invalid, does not have two stars, has a star not bound to a heavy atom, stars in bonds of
                different order, several fragments, radicals, a net charge, or an element that is not accepted.
        """
        mol = read_repeat_unit(text, elements)
        key, unit = canonical_unit(mol)
        return cls(key if unit is mol else spell(mol), key)

    @classmethod
    def canonical(cls, text: str, *, elements: frozenset[str] | None = FORCE_FIELD_ELEMENTS) -> "RepeatUnit":
        """Read a pSMILES like `from_psmiles`, but return the smallest period, written as its key."""
        key, _ = canonical_unit(read_repeat_unit(text, elements))
        return cls(key, key)

    def _repr_html_(self) -> str:
        """Return a drawing with the pSMILES below, for notebooks."""
        from html import escape

        from mdcore.chem.drawing import structure_svg

        return f'<div style="width:260px">{structure_svg(self.psmiles)}<br><code>{escape(self.psmiles)}</code></div>'

    @property
    def mol(self) -> Chem.Mol:
        """Fresh copy of the unit as given; its stars carry the isotopes 1 (head) and 2 (tail)."""
        return Chem.Mol(_labelled(self.psmiles))

    @property
    def primitive_mol(self) -> Chem.Mol:
        """Fresh copy of the smallest period, the molecule written as `key`."""
        return Chem.Mol(_labelled(self.key))

    @property
    def parts(self) -> tuple[tuple["RepeatUnit", float], ...]:
        """The unit and its mass fraction, 1; a `UnitMixture` has several."""
        return ((self, 1.0),)

    @property
    def document(self) -> str:
        """The unit in JSON types: its pSMILES."""
        return self.psmiles

    @property
    def n_heavy_atoms(self) -> int:
        """Heavy atoms of the unit as given."""
        return int(_labelled(self.psmiles).GetNumHeavyAtoms())

    @property
    def n_atoms(self) -> int:
        """Atoms of the unit as given, hydrogens included, stars not."""
        mol = _labelled(self.psmiles)
        return sum(1 + atom.GetTotalNumHs() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 0)

    @property
    def molar_mass_g_mol(self) -> float:
        """Molar mass of the unit as given, in g/mol, from average masses, or isotopic masses for labelled atoms."""
        return float(average_molar_mass(_with_plain_stars(self.psmiles)))

    @property
    def natural(self) -> "RepeatUnit":
        """The unit without isotope labels (itself if it has none), used for everything but masses."""
        return _natural(self.psmiles) if _has_isotopes(self.psmiles) else self

    @property
    def mass_excess_g_mol(self) -> Mapping[str, float]:
        """Excess mass of the labelled atoms of the smallest period over the average masses, by element, in g/mol."""
        return mass_excess_amu(_labelled(self.key)) if _has_isotopes(self.key) else {}

    @property
    def elements(self) -> frozenset[str]:
        """Symbols of the elements in the unit, hydrogen included where it is present."""
        mol = _labelled(self.psmiles)
        symbols = {atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 0}
        if any(atom.GetTotalNumHs() for atom in mol.GetAtoms()):
            symbols.add("H")
        return frozenset(symbols)

    def chain(self, n: int, end_groups: tuple[str, str] = ("*[H]", "*[H]")) -> Chain:
        """Join `n` units as given, with the unit index of each atom; see `oligomer`."""
        if n < 1:
            raise ValueError(f"a chain needs at least 1 repeat unit, got {n}")
        head, tail = (read_end_group(text, None) for text in end_groups)
        return join_units([_labelled(self.psmiles)] * n, head, tail)

    def oligomer(self, n: int, end_groups: tuple[str, str] = ("*[H]", "*[H]")) -> Chem.Mol:
        """Return the molecule of `n` units as given, joined head to tail.

        Args:
            n: Number of units, at least 1.
            end_groups: SMILES with one star each, bound to the head of the first and to the tail of the last unit.

        Raises:
            ValueError: `n` is below 1.
            InvalidRepeatUnit: An end group is not a single fragment with one star.
        """
        return self.chain(n, end_groups).mol

    def window(self, bonds: int) -> tuple[Chem.Mol, tuple[int, ...]]:
        """Return a hydrogen-capped oligomer of the primitive unit, and the atoms of its central unit.

        Every heavy atom of the central unit is at least `bonds` bonds away from the hydrogens at both ends, so that its
        environment up to a radius below `bonds` is that of the infinite chain. Sums over these atoms do not depend on
        spelling, direction or cut. Isotope labels are dropped.

        Args:
            bonds: Distance to keep from the ends, at least 1.

        Raises:
            ValueError: `bonds` is below 1.
        """
        if bonds < 1:
            raise ValueError(f"bonds must be at least 1, got {bonds}")
        return _window(self.natural.key, bonds)


@lru_cache(maxsize=8192)
def _labelled(psmiles: str) -> Chem.Mol:
    return read_repeat_unit(psmiles, None)


@lru_cache(maxsize=8192)
def _has_isotopes(psmiles: str) -> bool:
    return bool(labelled_atoms(_labelled(psmiles)))


@lru_cache(maxsize=1024)
def _natural(psmiles: str) -> RepeatUnit:
    return RepeatUnit.from_psmiles(spell(without_isotopes(_labelled(psmiles))), elements=None)


@lru_cache(maxsize=8192)
def _with_plain_stars(psmiles: str) -> Chem.Mol:
    mol = Chem.Mol(_labelled(psmiles))
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    return mol


@lru_cache(maxsize=4096)
def _window(key: str, bonds: int) -> tuple[Chem.Mol, tuple[int, ...]]:
    unit = _labelled(key)
    # The path without the stars lies inside the unit; the bond to the next unit completes the period.
    period = len(star_path(unit)) - 2
    margin = max(1, -(-bonds // period))
    hydrogen = read_end_group("*[H]", None)
    chain = join_units([unit] * (2 * margin + 1), hydrogen, hydrogen)
    centre = tuple(i for i, residue in enumerate(chain.residues) if residue == margin)
    return chain.mol, centre
