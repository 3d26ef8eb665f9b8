"""Improvement of a greedily selected batch by exchanging one member at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.acquisition.joint import JointSampler
from surrogates.acquisition.scorer import Scorer
from surrogates.features import Features
from surrogates.models import PropertyModel

SMALLEST_GAIN = 1e-6
"""Smallest gain in the log-value of a member for which it is exchanged."""

SWEEPS = 2
"""Number of passes over the members; most batches converge after one."""


def exchange(
    models: Sequence[PropertyModel],
    observed: Features,
    base: Features,
    draws: NDArray[np.float64],
    near: Features,
    scorer: Scorer,
    penalty: NDArray[np.float64],
    picks: Sequence[int],
) -> list[int]:
    """Replace each member of a batch by the candidate that adds most to the other members, until no exchange improves the batch.

    The joint value of a batch is the value of all members but one plus the contribution of that one, so an exchange with a larger
    contribution increases the joint value, up to sampling noise (the draws of a member are those of its position). If candidates have
    different penalties, each contribution is weighted with that of its candidate.

    Args:
        models: One model for each objective.
        observed: Features of the observed units.
        base: Features of the base set, B rows.
        draws: Standard normals, shape (S, at least B + batch, m).
        near: Features of the candidates that may be selected.
        scorer: Computes the values of candidates.
        penalty: Log-probability of success minus log-cost of each candidate, shape (len(near),).
        picks: The greedy batch, positions in `near`.

    Returns:
        The batch, positions in `near`, in the order of `picks`.
    """
    chosen = list(picks)
    for _ in range(SWEEPS):
        changed = False
        for turn in range(len(chosen)):
            rest = np.array(chosen[:turn] + chosen[turn + 1 :], dtype=np.int64)
            others = base.joined(near.take(rest))
            sampler = JointSampler(models, observed, others, draws)
            boxes = scorer.boxes(sampler.values, scorer.feasible(others))
            value = scorer.value(sampler, sampler.block(near), boxes) + penalty
            value[rest] = -np.inf
            best = int(np.argmax(value))
            if value[best] > value[chosen[turn]] + SMALLEST_GAIN:
                chosen[turn] = best
                changed = True
        if not changed:
            break
    return chosen
