"""Kinetic energy of the cell."""

from mdcore.dynamics.observables.base import Observable

KINETIC_ENERGY = Observable("kinetic_kj_mol", "kJ/mol", lambda state: state.kinetic_kj_mol)
