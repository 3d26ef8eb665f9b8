"""Choice of the molecules that give the polarizability of a repeat unit inside its chain."""

from dataclasses import dataclass

from rdkit import Chem

from mdcore.chem import RepeatUnit

# Minimum size of a block that represents its neighbour: induction between blocks decays within a few bonds.
_BLOCK_HEAVY_ATOMS = 6
# A junction fragment extends this many bonds to either side and is then completed to whole rings and pi bonds.
_JUNCTION_BONDS = 3


@dataclass(frozen=True)
class Scheme:
    """A linear combination of molecules cut out of one oligomer.

    Attributes:
        oligomer: Molecule of several repeat units with hydrogen ends, without explicit hydrogens.
        terms: Coefficient and heavy atoms kept of each molecule; severed bonds are capped with hydrogens.
        n_units: Number of primitive repeat units represented by the sum.
        name: `difference k+1 - k` or `junction`, with sizes, for provenance and cache keys.
    """

    oligomer: Chem.Mol
    terms: tuple[tuple[float, frozenset[int]], ...]
    n_units: int
    name: str


def scheme_for(unit: RepeatUnit, max_heavy_atoms: int) -> Scheme:
    """Choose the cheapest linear combination whose end groups cancel.

    A block is the smallest number of units with six heavy atoms. The value is `alpha(k+1 blocks) - alpha(k blocks)`, with k = 1, or 2
    if the joint itself is conjugated. If k+1 blocks are too large, a junction term is added to the single block,
    `alpha(block) + alpha(AB) - alpha(A) - alpha(B)`, with A and B the parts of two blocks near their joint. All terms are cut
    from one geometry, so that conformational noise cancels.

    Args:
        unit: Repeat unit; its primitive period is used.
        max_heavy_atoms: Maximum size of an oligomer that is treated as a whole.
    """
    primitive = RepeatUnit.from_psmiles(unit.key, elements=None).natural
    per_block = -(-_BLOCK_HEAVY_ATOMS // primitive.n_heavy_atoms)
    k = 2 if _joint_is_conjugated(primitive) else 1
    while k > 1 and (k + 1) * per_block * primitive.n_heavy_atoms > max_heavy_atoms:
        k -= 1
    n_blocks = k + 1
    chain = primitive.chain(n_blocks * per_block)
    block_of = [residue // per_block for residue in chain.residues]
    everything = frozenset(range(chain.mol.GetNumAtoms()))
    if len(everything) <= max_heavy_atoms:
        first = frozenset(i for i in everything if block_of[i] < k)
        name = f"difference {n_blocks * per_block}-{k * per_block}"
        return Scheme(chain.mol, ((1.0, everything), (-1.0, first)), per_block, name)
    left = frozenset(i for i in everything if block_of[i] == 0)
    right = everything - left
    near = _around_joint(chain.mol, left)
    terms = ((1.0, left), (1.0, near), (-1.0, near & left), (-1.0, near & right))
    return Scheme(chain.mol, terms, per_block, f"junction {per_block}")


def _joint(mol: Chem.Mol, left: frozenset[int]) -> Chem.Bond:
    return next(b for b in mol.GetBonds() if (b.GetBeginAtomIdx() in left) != (b.GetEndAtomIdx() in left))


def _joint_is_conjugated(primitive: RepeatUnit) -> bool:
    chain = primitive.chain(2)
    left = frozenset(i for i, residue in enumerate(chain.residues) if residue == 0)
    joint = _joint(chain.mol, left)
    ends = (joint.GetBeginAtom(), joint.GetEndAtom())
    return all(e.GetIsAromatic() or any(b.GetBondTypeAsDouble() > 1.5 for b in e.GetBonds()) for e in ends)


def _around_joint(mol: Chem.Mol, left: frozenset[int]) -> frozenset[int]:
    joint = _joint(mol, left)
    near = {joint.GetBeginAtomIdx(), joint.GetEndAtomIdx()}
    for _ in range(_JUNCTION_BONDS - 1):
        near |= {n.GetIdx() for i in sorted(near) for n in mol.GetAtomWithIdx(i).GetNeighbors()}
    rings = [set(ring) for ring in mol.GetRingInfo().AtomRings()]
    while True:
        grown = set(near)
        for ring in rings:
            if ring & grown:
                grown |= ring
        for bond in mol.GetBonds():
            ends = {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
            if ends & grown and bond.GetBondTypeAsDouble() > 1.0:
                grown |= ends
        if grown == near:
            return frozenset(near)
        near = grown
