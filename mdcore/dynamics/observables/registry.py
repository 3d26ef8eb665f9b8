"""Every observable that a stage can record."""

from mdcore.chem.errors import PluginError, UnknownObservable
from mdcore.chem.registry import Registry
from mdcore.dynamics.observables.base import Observable

OBSERVABLES: Registry[Observable] = Registry("observable", UnknownObservable)
"""Observables by name; those of other packages are found by their entry points, see `mdcore.chem.registry`."""
ROW = ("stage", "time_ps", "temperature_target_K", "pressure_target_atm")
"""What every row of a series begins with; no observable can have one of these names."""


def register_observable(observable: Observable) -> Observable:
    """Add an observable and return it.

    Raises:
        PluginError: The name is taken, or the interval is below 1.
    """
    if observable.name in ROW:
        raise PluginError(f"observable {observable.name!r} is a column of every series; choose another name")
    if observable.every < 1:
        raise PluginError(f"observable {observable.name!r}: every must be at least 1, got {observable.every}")
    return OBSERVABLES.register(observable.name, observable)
