"""Selection of the next batch from a pool of candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mdcore.chem import Composition
from surrogates.acquisition import methods as _built_in  # noqa: F401
from surrogates.acquisition.problem import Problem
from surrogates.errors import InvalidPool
from surrogates.models import SurrogateSet
from surrogates.objective import Constraint, Objective
from surrogates.registry import METHODS
from surrogates.settings import AcquisitionSettings


@dataclass(frozen=True)
class Selection:
    """A selected batch.

    Attributes:
        indices: Positions in the pool, in the order of selection; fewer than requested if the pool contains fewer new units.
        values: Acquisition value of each member when it was selected, shape (len(indices),): the log of the expected
            improvement (or of the method's quantity), weighted with success probability and cost; zero for random selection.
    """

    indices: tuple[int, ...]
    values: NDArray[np.float64]


def select_batch(
    surrogates: SurrogateSet,
    pool: Sequence[Composition],
    objectives: Sequence[Objective],
    q: int,
    pending: Sequence[Composition] = (),
    settings: AcquisitionSettings | None = None,
    seed: int = 0,
    constraints: Sequence[Constraint] = (),
    costs: ArrayLike | None = None,
) -> Selection:
    """Select up to q units of a pool sequentially, each conditional on the measured, pending and previously selected ones.

    Units that were already observed at the predicted fidelity (including failures), are pending or were already selected are
    excluded. Without any measurement, at any fidelity, the improvement is undefined, and units are selected by their remaining
    variance.

    Args:
        surrogates: Fitted surrogates that cover every objective and constraint.
        pool: Candidates.
        objectives: One to four objectives.
        q: Batch size.
        pending: Units under evaluation.
        settings: Settings of the acquisition.
        seed: Seed of the quasi-Monte Carlo samples and of random selection.
        constraints: Ranges of properties; values are weighted with the probability of satisfying them, and only units predicted to
            satisfy them form the front.
        costs: Relative cost of each candidate, shape (len(pool),), positive; the value is divided by it.

    Raises:
        InvalidPool: `q` is not positive, `objectives` is empty, or the costs have the wrong shape or sign.
        UnknownSurrogate: No surrogate was fitted for an objective or constraint.
    """
    settings = settings or AcquisitionSettings()
    if q < 1:
        raise InvalidPool(f"batch size must be at least 1, got {q}")
    if not objectives:
        raise InvalidPool("at least one objective is required, got none")
    price = np.ones(len(pool)) if costs is None else np.asarray(costs, dtype=np.float64)
    if price.shape != (len(pool),):
        raise InvalidPool(f"costs must have shape ({len(pool)},), got {price.shape}; pass one per candidate")
    if not (price > 0).all():
        raise InvalidPool(f"costs must be positive, got {price[~(price > 0)][0]:g}; correct it")
    for name in (*(o.property for o in objectives), *(c.property for c in constraints)):
        surrogates.model(name)
    rows = _first_of_each(pool, _taken(surrogates) | {unit.key for unit in pending})
    if len(rows) == 0:
        return Selection((), np.zeros(0))
    candidates = tuple(pool[i] for i in rows)
    problem = Problem(
        surrogates, candidates, tuple(objectives), tuple(constraints), tuple(pending), price[rows], q, settings, seed
    )
    picks, values = METHODS.look_up(settings.method)(problem)
    return Selection(tuple(int(rows[i]) for i in picks), np.asarray(values, dtype=np.float64))


def _taken(surrogates: SurrogateSet) -> set[str]:
    """Keys of the units observed at the predicted fidelity."""
    observations = surrogates.observations
    there = zip(observations.units, observations.fidelities, strict=True)
    return {unit.key for unit, fidelity in there if fidelity == surrogates.fidelity}


def _first_of_each(pool: Sequence[Composition], taken: set[str]) -> NDArray[np.int64]:
    seen = set(taken)
    rows = []
    for i, unit in enumerate(pool):
        if unit.key not in seen:
            seen.add(unit.key)
            rows.append(i)
    return np.array(rows, dtype=np.int64)
