"""Candidates of a generator: a diverse part of them, and their synthesis routes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generators import Candidate

if TYPE_CHECKING:
    from generators import Route
    from mdcore.chem import RepeatUnit


def diverse_part(candidates: Sequence[Candidate], n: int, rng: np.random.Generator) -> list[Candidate]:
    """Return the n most diverse candidates (MaxMin on fingerprints), or all of them if there are at most n."""
    if len(candidates) <= n:
        return list(candidates)
    from generators import diverse_subset

    rows = diverse_subset([candidate.unit for candidate in candidates], n, seed=int(rng.integers(2**31 - 1)))
    return [candidates[row] for row in rows]


def with_route(candidate: Candidate) -> Candidate:
    """Return the candidate with its synthesis route, which is searched unless the generator provided one."""
    return candidate if candidate.route is not None else replace(candidate, route=find_route(candidate.unit))


def find_route(unit: "RepeatUnit") -> "Route | None":
    """Return the best known route to a repeat unit, or None."""
    from generators import route

    return route(unit)
