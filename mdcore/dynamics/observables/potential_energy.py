"""Potential energy of the cell."""

from mdcore.dynamics.observables.base import Observable

POTENTIAL_ENERGY = Observable("potential_kj_mol", "kJ/mol", lambda state: state.potential_kj_mol)
