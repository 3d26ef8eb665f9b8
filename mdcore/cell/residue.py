"""Templates of residues: a repeat unit, an end group or a whole molecule, with conformers."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from mdcore.cell.topology import FloatArray, IntArray
from mdcore.chem.backbone import star_path
from mdcore.chem.errors import BuildError
from mdcore.chem.isotopes import labelled_atoms
from mdcore.chem.notation import HEAD, TAIL, stars_of

MAX_STEREO_CENTRES = 3
"""Maximum number of backbone stereocentres whose configurations are enumerated; the embedding decides for the others."""


@dataclass(frozen=True)
class Residue:
    """A building block with explicit hydrogens, heavy atoms first.

    Attributes:
        name: Three-letter residue name.
        atomic_numbers: Shape (n,).
        isotopes: Shape (n,), mass number of each labelled atom; 0 for the natural element.
        formal_charges: Shape (n,), in e.
        bonds: Shape (m, 2), local atom indices.
        bond_orders: Shape (m,), Kekulé orders.
        rings: Local atom indices of rings of up to eight atoms.
        head: Atom bound to the previous residue, or None.
        tail: Atom bound to the next residue, or None.
        bonds_to_head: Shape (n,), bonds from each atom to `head`.
        bonds_to_tail: Shape (n,), bonds from each atom to `tail`.
        n_centres: Number of backbone stereocentres without a configuration in the repeat unit.
        configurations: Shape (c,), stereo configuration of each conformer, one bit per open stereocentre.
        conformers: Shape (c, n, 3), nm.
        previous: Shape (c, 3), position of the previous residue's tail atom, nm; NaN without a head.
        following: Shape (c, 3), position of the next residue's head atom, nm; NaN without a tail.
    """

    name: str
    atomic_numbers: IntArray
    isotopes: IntArray
    formal_charges: IntArray
    bonds: IntArray
    bond_orders: IntArray
    rings: tuple[tuple[int, ...], ...]
    head: int | None
    tail: int | None
    bonds_to_head: IntArray
    bonds_to_tail: IntArray
    n_centres: int
    configurations: IntArray
    conformers: FloatArray
    previous: FloatArray
    following: FloatArray

    @property
    def n_atoms(self) -> int:
        """Number of atoms, hydrogens included."""
        return len(self.atomic_numbers)

    @property
    def span(self) -> int:
        """Bonds from head to tail atom; 0 if one of them is missing."""
        return int(self.bonds_to_head[self.tail]) if self.head is not None and self.tail is not None else 0


def make_residue(mol: Chem.Mol, name: str, cap_elements: dict[int, int], seed: int, n_conformers: int = 12) -> Residue:
    """Create a template from a molecule whose stars carry the isotopes of head and tail.

    For the conformer search, each star is replaced by the element of the neighbouring atom, saturated with hydrogens
    (ETKDG version 3, Wang et al. 2020, doi:10.1021/acs.jcim.0c00025, then MMFF94 or, for atoms without an MMFF type, UFF).

    Args:
        mol: Molecule without explicit hydrogens; no star, one or two.
        name: Residue name.
        cap_elements: Atomic number of the neighbour for each star label.
        seed: Seed of the embedding, 1 or larger.
        n_conformers: Number of conformers of each stereo configuration.

    Raises:
        BuildError: No conformer could be embedded.
    """
    explicit = Chem.AddHs(mol)
    labels = {star.GetIsotope(): star.GetIdx() for star in stars_of(explicit)}
    atoms = [atom.GetIdx() for atom in explicit.GetAtoms() if atom.GetAtomicNum() > 0]
    # Labelled hydrogens are among the heavy atoms of the molecule.
    atoms.sort(key=lambda index: explicit.GetAtomWithIdx(index).GetAtomicNum() == 1)
    local = {atom: i for i, atom in enumerate(atoms)}
    kekule = Chem.Mol(explicit)
    Chem.Kekulize(kekule, clearAromaticFlags=True)
    inner = [b for b in kekule.GetBonds() if b.GetBeginAtomIdx() in local and b.GetEndAtomIdx() in local]
    distance = np.asarray(Chem.GetDistanceMatrix(explicit)).astype(np.int64)
    head, tail = (_anchor(explicit, labels.get(label), local) for label in (HEAD, TAIL))
    centres = _open_centres(mol, labels)
    configurations, conformers, previous, following = _embed(
        explicit, atoms, labels, cap_elements, centres, seed, n_conformers
    )
    nowhere = np.zeros(len(atoms), dtype=np.int64)
    return Residue(
        name=name,
        atomic_numbers=np.array([explicit.GetAtomWithIdx(i).GetAtomicNum() for i in atoms], dtype=np.int64),
        isotopes=np.array([explicit.GetAtomWithIdx(i).GetIsotope() for i in atoms], dtype=np.int64),
        formal_charges=np.array([explicit.GetAtomWithIdx(i).GetFormalCharge() for i in atoms], dtype=np.int64),
        bonds=np.array([(local[b.GetBeginAtomIdx()], local[b.GetEndAtomIdx()]) for b in inner], dtype=np.int64).reshape(
            -1, 2
        ),
        bond_orders=np.array([int(b.GetBondTypeAsDouble()) for b in inner], dtype=np.int64),
        rings=tuple(tuple(local[i] for i in ring) for ring in explicit.GetRingInfo().AtomRings() if len(ring) <= 8),
        head=head,
        tail=tail,
        bonds_to_head=nowhere if head is None else distance[np.ix_(atoms, [atoms[head]])][:, 0],
        bonds_to_tail=nowhere if tail is None else distance[np.ix_(atoms, [atoms[tail]])][:, 0],
        n_centres=len(centres),
        configurations=configurations,
        conformers=conformers,
        previous=previous,
        following=following,
    )


def _anchor(mol: Chem.Mol, star: int | None, local: dict[int, int]) -> int | None:
    return None if star is None else local[mol.GetAtomWithIdx(star).GetNeighbors()[0].GetIdx()]


def _open_centres(mol: Chem.Mol, labels: dict[int, int]) -> list[int]:
    """Return the backbone stereocentres of the chain without a configuration in the repeat unit."""
    if set(labels) != {HEAD, TAIL}:
        return []
    backbone = set(star_path(mol))
    plain = Chem.Mol(mol)
    for index in labelled_atoms(plain):
        # A centre that differs only by isotopes does not count for tacticity.
        plain.GetAtomWithIdx(index).SetIsotope(0)
    found = Chem.FindMolChiralCenters(  # type: ignore[no-untyped-call]
        plain, includeUnassigned=True, useLegacyImplementation=True
    )
    return [i for i, tag in found if tag == "?" and i in backbone][:MAX_STEREO_CENTRES]


def _embed(
    explicit: Chem.Mol,
    atoms: list[int],
    labels: dict[int, int],
    cap_elements: dict[int, int],
    centres: list[int],
    seed: int,
    n_conformers: int,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    configurations: list[int] = []
    found: list[np.ndarray] = []
    for assignment in product((0, 1), repeat=len(centres)):
        capped = _capped(explicit, labels, cap_elements, dict(zip(centres, assignment, strict=True)))
        for conformer in _conformers(capped, seed, n_conformers):
            configurations.append(sum(bit << i for i, bit in enumerate(assignment)))
            found.append(conformer)
    if not found and centres:
        # In fused rings, all enumerated configurations except the embedding's own choice can be impossible.
        capped = _capped(explicit, labels, cap_elements, {})
        found = _conformers(capped, seed, n_conformers)
        configurations = [0] * len(found)
    if not found:
        raise BuildError(
            f"no conformer of {Chem.MolToSmiles(Chem.RemoveHs(explicit))!r} could be embedded; check its rings and stereo marks"
        )
    positions = np.stack(found) / 10.0
    nowhere = np.full((len(found), 3), np.nan)
    previous, following = (positions[:, labels[label]] if label in labels else nowhere for label in (HEAD, TAIL))
    return np.array(configurations, dtype=np.int64), positions[:, atoms], previous, following


def _capped(explicit: Chem.Mol, labels: dict[int, int], cap_elements: dict[int, int], tags: dict[int, int]) -> Chem.Mol:
    editable = Chem.RWMol(explicit)
    for label, star in labels.items():
        atom = editable.GetAtomWithIdx(star)
        atom.SetAtomicNum(cap_elements[label])
        atom.SetNoImplicit(False)
        # Distinct isotopes keep a centre between two equal caps a stereocentre during the embedding.
        atom.SetIsotope(100 + label)
    for centre, bit in tags.items():
        editable.GetAtomWithIdx(centre).SetChiralTag(
            Chem.ChiralType.CHI_TETRAHEDRAL_CCW if bit else Chem.ChiralType.CHI_TETRAHEDRAL_CW
        )
    capped = editable.GetMol()
    with rdBase.BlockLogs():
        Chem.SanitizeMol(capped)
        return Chem.AddHs(capped)


def _conformers(capped: Chem.Mol, seed: int, n_conformers: int) -> list[np.ndarray]:
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.pruneRmsThresh = 0.2
    parameters.maxIterations = 40
    with rdBase.BlockLogs():
        ids = list(rdDistGeom.EmbedMultipleConfs(capped, n_conformers, parameters))
        if not ids:
            parameters.useRandomCoords = True
            ids = list(rdDistGeom.EmbedMultipleConfs(capped, max(2, n_conformers // 4), parameters))
        if not ids:
            return []
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(capped):
            rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(capped, maxIters=200)
        elif rdForceFieldHelpers.UFFHasAllMoleculeParams(capped):
            rdForceFieldHelpers.UFFOptimizeMoleculeConfs(capped, maxIters=200)
    return [capped.GetConformer(i).GetPositions() for i in ids]
