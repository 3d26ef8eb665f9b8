"""Stop rules as pure functions."""

from dataclasses import dataclass

from designer.config.sections import StopSettings


@dataclass(frozen=True)
class Tally:
    """What the stop rules look at.

    Attributes:
        finished: Evaluations done or failed.
        open: Evaluations proposed or running.
        elapsed_s: Seconds of running, summed over restarts.
        left: Substances without a result in the list that the campaign chooses from; None where it chooses from no list.
    """

    finished: int
    open: int
    elapsed_s: float
    left: int | None = None


def may_start(stop: StopSettings, tally: Tally) -> int | None:
    """Return how many more evaluations may be started; None means any number."""
    if stop.wall_time_h is not None and tally.elapsed_s >= 3600 * stop.wall_time_h:
        return 0
    if stop.evaluations is None:
        return None
    return max(stop.evaluations - tally.finished - tally.open, 0)


def stop_reason(stop: StopSettings, tally: Tally) -> str | None:
    """Return which rule ends the campaign, or None while anything runs or may be started."""
    if tally.open:
        return None
    if stop.evaluations is not None and tally.finished >= stop.evaluations:
        return f"{tally.finished} of {stop.evaluations} evaluations are finished"
    if tally.left == 0:
        return f"every substance of the list is evaluated, {tally.finished} here"
    if stop.wall_time_h is not None and tally.elapsed_s >= 3600 * stop.wall_time_h:
        return f"{tally.elapsed_s / 3600:.2f} h of {stop.wall_time_h:g} h wall time are spent"
    return None
