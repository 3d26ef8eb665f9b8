"""How a simulated glass was cooled, read from its stages."""

from collections.abc import Sequence

from mdcore.estimate import Cooling
from mdcore.settings.stages import Stage


def last_cooling(stages: Sequence[Stage]) -> Cooling | None:
    """Return the last cooling among the stages, or None where nothing is cooled."""
    found = None
    for stage in stages:
        ramp = getattr(stage, "temperature_K", None)
        if isinstance(ramp, tuple) and ramp[0] > ramp[1]:
            found = Cooling((ramp[0] - ramp[1]) / stage.duration_ps, ramp[0])  # type: ignore[union-attr]
    return found
