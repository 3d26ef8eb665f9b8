"""The kinds of generator and cluster of docs/extending.md, registered while a test uses them."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from made_plugins import code_of, module_of

from designer.config.cluster import CLUSTERS
from designer.config.generators import GENERATORS

SUBSTITUTED = {
    "kind": "substituted",
    "backbones": ["*CC(*)[*:1]", "*CC(*)C(=O)O[*:1]", "*c1cc([*:1])c(*)c([*:2])c1"],
    "substituents": ["C", "CC", "C#N", "COC", "CCOC"],
}
"""Settings of the generator: 5 + 5 + 15 polymers, as the two places of the ring are equivalent."""
_CODE = {
    "substituted": (GENERATORS, "class SubstitutedSettings"),
    "bounded": (CLUSTERS, "class BoundedClusterSettings"),
}


@contextmanager
def documented(kind: str) -> Iterator[ModuleType]:
    """Run the code of the page that registers a kind, and withdraw it afterwards."""
    registry: Any
    registry, text = _CODE[kind]
    try:
        yield module_of(f"extending_{kind}", code_of(text))
    finally:
        registry.withdraw(kind)
