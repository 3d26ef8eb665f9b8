"""Sentences that compare a front with experimentally known polymers and state the certainty of its members."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from designer.analysis.front import measured_values
from designer.report.drawing import in_a_sentence
from designer.report.known import known_with
from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from surrogates import Constraint, Objective, front_probability
from surrogates.pareto import scores

SEED = 20
"""Fixed seed, so that reports of the same store are equal."""


def probabilities(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> tuple[dict[int, float], int]:
    """Return the probability of being on the front for each measured evaluation, by identity, and the number of draws."""
    done = [record for record in records if record.state == "done"]
    names = dict.fromkeys([*(o.property for o in objectives), *(c.property for c in limits)])
    values: dict[str, NDArray[np.float64]] = {}
    stderrs: dict[str, NDArray[np.float64]] = {}
    for name in names:
        found = [record.measured(name) for record in done]
        values[name] = np.array([m.value if m else np.nan for m in found])
        stderrs[name] = np.array([m.stderr if m else 0.0 for m in found])
    chances, draws = front_probability(values, stderrs, objectives, limits, seed=SEED)
    return {record.id: float(chance) for record, chance in zip(done, chances, strict=True)}, draws


def comparison_text(
    front: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> str:
    """Return a sentence on known polymers that are dominated by the front or dominate it; empty if none is comparable."""
    known = known_with([objective.property for objective in objectives])
    known = [k for k in known if all(_keeps(limit, k.values.get(limit.property)) for limit in limits)]
    if not known or not front:
        return ""
    ours = scores(measured_values(front, objectives), objectives)
    theirs = scores([[k.values[o.property] for o in objectives] for k in known], objectives)
    beaten = _dominates(ours, theirs).any(axis=0)
    winners = _dominates(theirs, ours)
    lost, wins = np.asarray(winners.any(axis=0)), np.asarray(winners.any(axis=1))
    labels = [in_a_sentence(property_spec(o.property).label) for o in objectives]
    what = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    first = (
        f"Of the {_count(len(known), 'known polymer')} with measured {what}, {int(beaten.sum()) or 'none'} "
        f"{'is' if beaten.sum() < 2 else 'are'} beaten by a polymer of this front"
    )
    if not lost.any():
        return f"{first}, and none beats a polymer of it."
    names = [k.abbreviation for k, won in zip(known, wins.tolist(), strict=True) if won]
    numbers = [f"No. {record.ordinal}" for record, is_lost in zip(front, lost.tolist(), strict=True) if is_lost]
    whom = "every one of its polymers" if lost.all() and len(front) > 1 else _listed(numbers)
    return f"{first}, and {_listed(names)} {'beats' if len(names) == 1 else 'beat'} {whom}."


def certainty_text(chances: Sequence[float], draws: int) -> str:
    """Return a summary of the probabilities of the front's members and of their computation."""
    sure = sum(chance >= 0.95 for chance in chances)
    n = len(chances)
    who = f"{sure or 'none'} of its {n} polymers {'are' if sure > 1 else 'is'}"
    if n == 1:
        who = f"its only polymer is {'' if sure else 'not '}".rstrip()
    return (
        f"Within the stated errors {who} on the front with a probability of 95 % or more. The probabilities come from {draws:,} "
        "Monte Carlo draws of the measured values with independent normal errors; errors common to all simulations are not included."
    )


def _keeps(limit: Constraint, value: float | None) -> bool:
    return value is None or bool(limit.keeps(np.array([value]))[0])


def _dominates(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether rows of `a` dominate rows of `b`, shape (len(a), len(b))."""
    return np.asarray((a[:, None] >= b[None]).all(axis=2) & (a[:, None] > b[None]).any(axis=2))


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _listed(names: Sequence[str], most: int = 6) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
