"""Kinetic temperature."""

from mdcore.dynamics.observables.base import Observable

TEMPERATURE = Observable("temperature_K", "K", lambda state: state.temperature_K)
