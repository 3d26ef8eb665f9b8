"""Registries of the kinds of plug-ins: properties, protocols, stages, observables, substances and calculations.

The kinds that come with the program register themselves where their room is imported. Those of other packages are found by the
entry point group `polymer_designer.plugins`: each entry names a module, which registers what it has when it is imported::

    [project.entry-points."polymer_designer.plugins"]
    haze = "polymer_haze.property"

They are imported on the first look into any registry that does not find a name or lists all of them, and in every process that
needs them, workers included.
"""

import difflib
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata
from typing import Generic, TypeVar

from mdcore.chem.errors import MDCoreError, PluginError

T = TypeVar("T")
GROUP = "polymer_designer.plugins"
"""Entry point group of modules with plug-ins."""
_loaded = False


class Registry(Mapping[str, T], Generic[T]):
    """Named plug-ins of one kind, in the order of their registration.

    Args:
        kind: What they are, for messages: `property`, `stage`.
        error: Type of the error of an unknown name, a child of `MDCoreError`.
    """

    def __init__(self, kind: str, error: type[MDCoreError] = PluginError) -> None:
        self.kind, self._error = kind, error
        self._held: dict[str, T] = {}

    def register(self, name: str, plugin: T) -> T:
        """Add a plug-in; returns it.

        Raises:
            PluginError: Another one has the name already.
        """
        if self._held.get(name, plugin) is not plugin:
            raise PluginError(f"{self.kind} {name!r} is registered already; choose another name")
        self._held[name] = plugin
        return plugin

    def withdraw(self, name: str) -> None:
        """Remove a plug-in, as tests do at their end."""
        self._held.pop(name, None)

    def __getitem__(self, name: str) -> T:
        """Look a plug-in up.

        Raises:
            KeyError: There is none; `look_up` raises the error that tells what to do.
        """
        if name not in self._held:
            load_plugins()
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(tuple(self._held))

    def __len__(self) -> int:
        load_plugins()
        return len(self._held)

    def look_up(self, name: str) -> T:
        """Return a plug-in by its name.

        Raises:
            MDCoreError: There is none of that name (of the type that the registry was made with); the message names the nearest.
        """
        try:
            return self[name]
        except KeyError:
            near = difflib.get_close_matches(name, self, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(self)}"
            raise self._error(f"{self.kind} {name!r} is unknown; {hint}") from None


def load_plugins() -> None:
    """Import the modules of all installed plug-ins, once in a process.

    Raises:
        PluginError: One cannot be imported; the message names it.
    """
    global _loaded
    if _loaded:
        return
    _loaded = True
    for entry in metadata.entry_points(group=GROUP):
        try:
            import_module(entry.module)
        except Exception as error:
            _loaded = False
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise PluginError(
                f"plug-in {entry.name} ({entry.module}) cannot be imported ({reason}); correct it or uninstall it"
            ) from error
