"""The registry of acquisition methods; the settings look names up here without loading the methods."""

from collections.abc import Callable, Sequence
from typing import Any

from mdcore.chem.registry import Registry

Picks = tuple[Sequence[int], Sequence[float]]
"""Positions of the selected candidates and their values, in the order of selection."""

Method = Callable[[Any], Picks]
"""Function of a `surrogates.acquisition.Problem`."""

METHODS: Registry[Method] = Registry("acquisition method")
"""Acquisition methods by name."""


def register_method(name: str) -> Callable[[Method], Method]:
    """Return a decorator that adds a function to the acquisition methods.

    Raises:
        PluginError: There is another method of that name.
    """

    def register(method: Method) -> Method:
        return METHODS.register(name, method)

    return register
