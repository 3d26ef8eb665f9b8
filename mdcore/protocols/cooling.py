"""Cooling of a simulated glass, from its stages."""

from collections.abc import Sequence

from mdcore.dynamics.stages import Stage
from mdcore.estimate import Cooling


def last_cooling(stages: Sequence[Stage]) -> Cooling | None:
    """Return the last cooling among the stages, or None if there is none."""
    found = None
    for stage in stages:
        start, end = stage.temperature_at(0.0), stage.temperature_at(1.0)
        if stage.planned_ps and start > end:
            found = Cooling((start - end) / stage.planned_ps, start)
    return found
