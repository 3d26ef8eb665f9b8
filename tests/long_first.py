"""The order of the tests: what takes longest begins first, so that no process is left alone with it at the end."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeVar

T = TypeVar("T")


def dealt(items: Sequence[T], module: Callable[[T], Any], seconds: Callable[[T], float], processes: int) -> list[T]:
    """Return the items in an order whose equal consecutive shares, one for each process, all begin with long modules.

    Args:
        items: Tests, those of one module one after the other.
        module: The module of a test.
        seconds: How long the module of a test takes, 0 if it is short.
        processes: How many processes share the tests; with `--dist worksteal` each begins with its share.
    """
    modules = [list(own) for _, own in groupby(items, key=module)]
    long = sorted((own for own in modules if seconds(own[0]) > 0), key=lambda own: -seconds(own[0]))
    rest = [item for own in modules if seconds(own[0]) <= 0 for item in own]
    queues: list[list[T]] = [[] for _ in range(processes)]
    loads = [0.0] * processes
    for own in long:
        least = loads.index(min(loads))
        queues[least] += own
        loads[least] += seconds(own[0])
    found: list[T] = []
    for number, queue in enumerate(queues):
        share = (len(items) - len(found)) // (processes - number)
        filling = max(0, share - len(queue))
        found += queue + rest[:filling]
        rest = rest[filling:]
    return found + rest
