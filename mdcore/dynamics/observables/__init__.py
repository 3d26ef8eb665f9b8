"""Observables: quantities that a stage records while it runs, one a file."""

from mdcore.dynamics.observables.base import Observable, RecordState, Simulated, per_chain, scalar
from mdcore.dynamics.observables.box import BOX
from mdcore.dynamics.observables.density import DENSITY
from mdcore.dynamics.observables.end_to_end_distance import END_TO_END_DISTANCE
from mdcore.dynamics.observables.exchanged_heat import EXCHANGED_HEAT
from mdcore.dynamics.observables.kinetic_energy import KINETIC_ENERGY
from mdcore.dynamics.observables.nematic_order import NEMATIC_ORDER
from mdcore.dynamics.observables.potential_energy import POTENTIAL_ENERGY
from mdcore.dynamics.observables.radius_of_gyration import RADIUS_OF_GYRATION
from mdcore.dynamics.observables.registry import OBSERVABLES, register_observable
from mdcore.dynamics.observables.slabs import SLAB_FREEDOM, SLAB_KINETIC
from mdcore.dynamics.observables.temperature import TEMPERATURE
from mdcore.dynamics.observables.volume import VOLUME

STANDARD: tuple[str, ...] = tuple(
    register_observable(observable).name
    for observable in (
        TEMPERATURE,
        POTENTIAL_ENERGY,
        KINETIC_ENERGY,
        VOLUME,
        DENSITY,
        NEMATIC_ORDER,
        RADIUS_OF_GYRATION,
        END_TO_END_DISTANCE,
    )
)
"""Observables that a stage records by default."""
for _other in (BOX, SLAB_KINETIC, SLAB_FREEDOM, EXCHANGED_HEAT):
    register_observable(_other)

__all__ = [
    "OBSERVABLES",
    "STANDARD",
    "Observable",
    "RecordState",
    "Simulated",
    "per_chain",
    "register_observable",
    "scalar",
]
