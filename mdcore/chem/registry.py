"""Registries of the kinds of plug-ins, such as properties, protocols, stages, substances, learners and kinds of generator.

Built-in plug-ins are registered when their package is imported. Plug-ins of other distributions are found through the entry point
group `polymer_designer.plugins`: each entry names a module that registers its plug-ins when it is imported::

    [project.entry-points."polymer_designer.plugins"]
    haze = "polymer_haze.property"

They are imported when a registry is first listed or does not find a name, in every process that needs them, including workers.
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
        kind: Kind of plug-in for messages, for example `property` or `stage`.
        error: Exception type for an unknown name, a subclass of `MDCoreError`.
    """

    def __init__(self, kind: str, error: type[MDCoreError] = PluginError) -> None:
        self.kind, self._error = kind, error
        self._held: dict[str, T] = {}

    def register(self, name: str, plugin: T) -> T:
        """Add a plug-in and return it.

        Raises:
            PluginError: The name is already taken.
        """
        if self._held.get(name, plugin) is not plugin:
            raise PluginError(f"{self.kind} {name!r} is already registered; choose another name")
        self._held[name] = plugin
        return plugin

    def withdraw(self, name: str) -> None:
        """Remove a plug-in, for example at the end of a test."""
        self._held.pop(name, None)

    def __getitem__(self, name: str) -> T:
        """Look a plug-in up.

        Raises:
            KeyError: The name is unknown; `look_up` raises an error with a remedy.
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
            MDCoreError: The name is unknown; the message suggests the nearest. The type is the `error` of the registry.
        """
        try:
            return self[name]
        except KeyError:
            near = difflib.get_close_matches(name, self, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(self)}"
            raise self._error(f"{self.kind} {name!r} is unknown; {hint}") from None


def load_plugins() -> None:
    """Import the modules of all installed plug-ins, once per process.

    Raises:
        PluginError: A plug-in cannot be imported; the message names it.
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
