"""Thermal kinetic energy and degrees of freedom of slabs, whose quotient is the temperature profile 2 K / (f k).

The slabs are those of the first stage of the run that has some, else twelve along x. Whole constraint clusters belong to the slab of
their centre of mass; the motion of a slab as a whole is not counted.
"""

from mdcore.dynamics.observables.base import FloatArray, Observable, RecordState, Simulated
from mdcore.dynamics.slabs import Slabs


def _shape(cell: Simulated) -> tuple[int, ...]:
    return (Slabs.of(cell.stages).n,)


def _thermal(state: RecordState) -> tuple[FloatArray, FloatArray]:
    slabs, clusters = Slabs.of(state.cell.stages), state.clusters
    members = slabs.members(clusters, state.positions_nm, state.box_nm)
    return slabs.thermal(clusters, members, state.velocities_nm_ps)


SLAB_KINETIC = Observable("slab_kinetic_kj_mol", "kJ/mol", lambda state: _thermal(state)[0], _shape)
SLAB_FREEDOM = Observable("slab_degrees_of_freedom", "1", lambda state: _thermal(state)[1], _shape)
