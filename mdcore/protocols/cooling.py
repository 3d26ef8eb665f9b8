"""Cooling of a simulated glass, from its stages."""

from collections.abc import Sequence

from mdcore.dynamics.stages import Stage
from mdcore.estimate import Cooling, transition_shift_k


def glass_forming_cooling(stages: Sequence[Stage], glass_transition_k: float) -> Cooling | None:
    """Return the cooling in which the glass forms, or None if no stage cools.

    Only the last uninterrupted cooling counts. If its rate changes, the glass forms in the first of its stages that ends below the
    transition at the stage's own rate; if none does, the rate of the last one is returned.

    Args:
        stages: Stages in order.
        glass_transition_k: Glass transition at laboratory cooling rates in K.
    """
    cooling: list[tuple[float, float, float]] = []
    for stage in stages:
        start, end = stage.temperature_at(0.0), stage.temperature_at(1.0)
        if not stage.planned_ps or start <= end:
            continue
        if cooling and cooling[-1][1] != start:
            cooling = []
        cooling.append((start, end, (start - end) / stage.planned_ps))
    if not cooling:
        return None
    forming = (rate for _, end, rate in cooling if end <= glass_transition_k + transition_shift_k(rate))
    return Cooling(next(forming, cooling[-1][2]), cooling[0][0])
