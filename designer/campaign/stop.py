"""Stopping criteria as pure functions."""

from dataclasses import dataclass

from designer.config.sections import StopSettings


@dataclass(frozen=True)
class Tally:
    """Input of the stopping criteria.

    Attributes:
        finished: Number of evaluations done or failed.
        open: Number of evaluations proposed or running.
        elapsed_s: Running time in s, summed over restarts.
        left: Number of substances without a result in the campaign's list; None for a campaign without one.
    """

    finished: int
    open: int
    elapsed_s: float
    left: int | None = None


def may_start(stop: StopSettings, tally: Tally) -> int | None:
    """Return the number of evaluations that may still be started; None means no limit."""
    if stop.wall_time_h is not None and tally.elapsed_s >= 3600 * stop.wall_time_h:
        return 0
    if stop.evaluations is None:
        return None
    return max(stop.evaluations - tally.finished - tally.open, 0)


def stop_reason(stop: StopSettings, tally: Tally) -> str | None:
    """Return which criterion ends the campaign, or None while evaluations run or may be started."""
    if tally.open:
        return None
    if stop.evaluations is not None and tally.finished >= stop.evaluations:
        return f"{tally.finished} of {stop.evaluations} evaluations are finished"
    if tally.left == 0:
        return f"every substance of the list is evaluated, {tally.finished} here"
    if stop.wall_time_h is not None and tally.elapsed_s >= 3600 * stop.wall_time_h:
        return f"the running time of {stop.wall_time_h:g} h is used up ({tally.elapsed_s / 3600:.2f} h)"
    return None
