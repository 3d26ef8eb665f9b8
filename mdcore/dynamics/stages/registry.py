"""Every kind of stage that a bundle can hold."""

from collections.abc import Iterable
from typing import TypeVar

from mdcore.chem.errors import PluginError, UnknownStage
from mdcore.chem.registry import Registry
from mdcore.dynamics.stages.base import Stage

STAGES: Registry[type[Stage]] = Registry("stage", UnknownStage)
"""Kinds of stages by the value of their field `kind`; those of other packages are found by their entry points, see
`mdcore.chem.registry`."""
S = TypeVar("S", bound=Stage)


def register_stage(stage: type[S]) -> type[S]:
    """Add a kind of stage and return it; a class decorator.

    Raises:
        PluginError: The kind is taken, or the class has no `kind` as in `kind: Literal["anneal"] = "anneal"`.
    """
    kind = stage.model_fields["kind"].default
    if not isinstance(kind, str):
        raise PluginError(f"{stage.__name__} has no kind; give it one, as in kind: Literal['anneal'] = 'anneal'")
    STAGES.register(kind, stage)
    return stage


def kinds_of(names: Iterable[str]) -> tuple[type[Stage], ...]:
    """Return the classes of kinds of stages.

    Raises:
        UnknownStage: A kind is known neither to the program nor to an installed plug-in.
    """
    found = []
    for name in names:
        try:
            found.append(STAGES.look_up(name))
        except UnknownStage as error:
            raise UnknownStage(f"{error}; install the package that provides it") from error
    return tuple(found)
