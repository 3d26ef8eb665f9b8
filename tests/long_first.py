"""The order of the tests: modules that take longest come first, so that no process is left alone with one at the end."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeVar

T = TypeVar("T")


def long_first(items: Sequence[T], module: Callable[[T], Any], seconds: Callable[[T], float]) -> list[T]:
    """Return the items by the time of their modules, the longest first; modules of equal time keep their order.

    Args:
        items: Tests, those of one module one after the other.
        module: The module of a test.
        seconds: How long the module of a test takes, 0 if it is short.
    """
    modules = [list(own) for _, own in groupby(items, key=module)]
    modules.sort(key=lambda own: -max(map(seconds, own)))
    return [item for own in modules for item in own]
