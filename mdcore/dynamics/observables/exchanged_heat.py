"""Heat that was moved from a cold to a hot slab since the stage began; 0 in stages that exchange none."""

from mdcore.dynamics.observables.base import Observable

EXCHANGED_HEAT = Observable(
    "exchanged_heat_kj_mol", "kJ/mol", lambda state: float(state.memory.get("exchanged_kj_mol", 0.0))
)
