"""Improvement of a greedy batch by exchanging its members one at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.acquisition.joint import JointSampler
from surrogates.acquisition.scorer import Scorer
from surrogates.features import Features
from surrogates.models import PropertyGP

SMALLEST_GAIN = 1e-6
"""Gain in the logarithm of a member's value for which it is exchanged."""

SWEEPS = 2
"""Times that every member is looked at; most batches stand after one."""


def exchange(
    models: Sequence[PropertyGP],
    observed: Features,
    base: Features,
    draws: NDArray[np.float64],
    near: Features,
    scorer: Scorer,
    penalty: NDArray[np.float64],
    picks: Sequence[int],
) -> list[int]:
    """Replace members of a batch by what adds most to the others, until none gains.

    The value of a batch is that of all but one member plus what the last one adds to them, whichever is the last: an exchange that
    adds more raises the joint value, up to the samples' noise (a member's draws are those of its place). Where candidates differ in
    penalty, what a member adds is weighted with its own.

    Args:
        models: One model for each objective.
        observed: Features of the observed units.
        base: Features of the base set, B rows.
        draws: Standard normals, shape (S, at least B + batch, m).
        near: Features of the candidates that may be chosen.
        scorer: Values candidates.
        penalty: Their log-probability of success and log-cost, shape (len(near),).
        picks: The greedy batch, positions in `near`.

    Returns:
        The batch, positions in `near`, in the order of the members that were replaced.
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
