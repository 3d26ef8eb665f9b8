"""The registries of acquisition methods and learners; the settings look names up here without loading either."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mdcore.chem.registry import Registry

Picks = tuple[Sequence[int], Sequence[float]]
"""Positions of the selected candidates and their values, in the order of selection."""

Method = Callable[[Any], Picks]
"""Function of a `surrogates.acquisition.Problem`."""

METHODS: Registry[Method] = Registry("acquisition method")
"""Acquisition methods by name."""

LEARNERS: Registry[type[Any]] = Registry("learner")
"""Learners by name, subclasses of `surrogates.models.Learner`."""

L = TypeVar("L", bound=type[Any])


def register_method(name: str) -> Callable[[Method], Method]:
    """Return a decorator that adds a function to the acquisition methods.

    Raises:
        PluginError: There is another method of that name.
    """

    def register(method: Method) -> Method:
        return METHODS.register(name, method)

    return register


def register_learner(learner: L) -> L:
    """Add a learner; use it as a class decorator.

    Raises:
        PluginError: There is another learner of that name.
    """
    LEARNERS.register(learner.name, learner)
    return learner
