"""Parameters of long chains from an oligomer: every environment is parameterised once, then replicated.

SMIRNOFF patterns and the layers of the charge model have a finite range in bonds. The terms of a homopolymer chain are therefore those
of an oligomer with `margin` units at each end and `interior` units between them: a term near an end is copied from the same
distance to that end, every other term from the first interior unit.
"""

import numpy as np

from mdcore.cell.growth import ChainPlan
from mdcore.cell.residue import Residue
from mdcore.cell.topology import FloatArray, IntArray
from mdcore.forcefield.parameters import Parameters, Terms

REACH_BONDS = 6
"""Bonds between an interior unit and the nearest end group; the range of SMIRNOFF patterns in Sage is shorter."""
_TERM_SPAN = 3
"""Bonds spanned by the largest term, a torsion."""


def oligomer_shape(unit: Residue) -> tuple[int, int]:
    """Return (margin, interior): repeat units at each end and between them that represent every environment."""
    period = unit.span + 1
    return -(-REACH_BONDS // period), -(-_TERM_SPAN // period) + 1


def oligomer_plan(plan: ChainPlan) -> ChainPlan:
    """Return the shortest chain with the same environments as a homopolymer chain; the chain itself if it is not longer than that."""
    unit = plan.residues[1]
    margin, interior = oligomer_shape(unit)
    n_units = 2 * margin + interior
    if len(plan.residues) - 2 <= n_units:
        return plan
    return ChainPlan((plan.residues[0], *([unit] * n_units), plan.residues[-1]), (-1,) * (n_units + 2))


def replicate(short: Parameters, short_plan: ChainPlan, plan: ChainPlan) -> Parameters:
    """Replicate the parameters of an oligomer along a chain of the same units and end groups.

    Args:
        short: Parameters of the oligomer of `short_plan`.
        short_plan: The result of `oligomer_plan(plan)`.
        plan: The chain.

    Returns:
        Parameters of the chain; its interior units have identical charges, and every unit and end is neutral.
    """
    if short_plan is plan:
        return short
    margin, _ = oligomer_shape(plan.residues[1])
    n_short, n_long = len(short_plan.residues) - 2, len(plan.residues) - 2
    start_short, start_long = _unit_starts(short_plan), _unit_starts(plan)
    unit_of_short = _unit_of_atom(short_plan)
    source = np.concatenate(
        [
            np.arange(start_short[margin]),
            np.tile(np.arange(start_short[margin], start_short[margin + 1]), n_long - 2 * margin),
            np.arange(start_short[n_short - margin], len(unit_of_short)),
        ]
    )

    def spread(terms: Terms) -> Terms:
        if not len(terms.atoms):
            return terms
        units = unit_of_short[terms.atoms]
        first, last = units.min(axis=1), units.max(axis=1)
        near_head = first < margin
        near_tail = ~near_head & (last >= n_short - margin)
        inner = (first == margin) & ~near_tail
        shift = start_long[n_long - margin] - start_short[n_short - margin]
        atoms = [terms.atoms[near_head], terms.atoms[near_tail] + shift]
        values = [terms.values[near_head], terms.values[near_tail]]
        size = plan.residues[1].n_atoms
        for reach in np.unique(last[inner] - first[inner]):
            chosen = inner & (last - first == reach)
            copies = np.arange(n_long - 2 * margin - reach)
            if len(copies):
                block = terms.atoms[chosen][None] + (copies * size)[:, None, None]
                atoms.append(block.reshape(-1, terms.atoms.shape[1]))
                values.append(np.tile(terms.values[chosen], (len(copies), 1)))
        return Terms(np.concatenate(atoms), np.concatenate(values))

    return Parameters(
        charges=_neutral(short.charges, start_short, margin, n_short)[source],
        sigmas=short.sigmas[source],
        epsilons=short.epsilons[source],
        bonds=spread(short.bonds),
        constraints=spread(short.constraints),
        angles=spread(short.angles),
        torsions=spread(short.torsions),
    )


def _unit_starts(plan: ChainPlan) -> IntArray:
    """Return the first atom of each repeat unit, then that of the tail end group."""
    sizes = [residue.n_atoms for residue in plan.residues]
    return np.cumsum(sizes)[:-1].astype(np.int64)


def _unit_of_atom(plan: ChainPlan) -> IntArray:
    """Return the repeat unit of each atom; end groups are assigned to the units that they are bound to."""
    last = len(plan.residues) - 3
    units = np.repeat(np.arange(-1, last + 2), [residue.n_atoms for residue in plan.residues])
    return np.clip(units, 0, last).astype(np.int64)


def _neutral(charges: FloatArray, starts: IntArray, margin: int, n_units: int) -> FloatArray:
    """Make the two ends and the representative interior unit neutral by a uniform shift of their charges."""
    result = charges.copy()
    for segment in (
        slice(0, starts[margin]),
        slice(starts[margin], starts[margin + 1]),
        slice(starts[n_units - margin], len(charges)),
    ):
        result[segment] -= result[segment].mean()
    return result
