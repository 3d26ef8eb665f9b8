import pytest

from designer.campaign.stop import Tally, may_start, stop_reason
from designer.config.sections import StopSettings


@pytest.mark.parametrize(
    ("finished", "running", "elapsed_s", "allowed", "stops"),
    [
        (0, 0, 0.0, 10, False),
        (4, 2, 0.0, 4, False),
        (8, 2, 0.0, 0, False),  # all are under way: nothing new, and not finished
        (10, 0, 0.0, 0, True),
        (12, 0, 0.0, 0, True),
        (3, 2, 7200.0, 0, False),  # out of time: what runs is finished
        (5, 0, 7200.0, 0, True),
    ],
)
def test_rules_of_a_campaign_of_ten_evaluations_and_two_hours(
    finished: int, running: int, elapsed_s: float, allowed: int, stops: bool
) -> None:
    stop = StopSettings(evaluations=10, wall_time_h=2.0)
    tally = Tally(finished, running, elapsed_s)
    assert may_start(stop, tally) == allowed
    assert (stop_reason(stop, tally) is not None) == stops


def test_without_a_number_any_number_may_start() -> None:
    assert may_start(StopSettings(wall_time_h=1.0), Tally(1000, 10, 10.0)) is None
    assert stop_reason(StopSettings(wall_time_h=1.0), Tally(1000, 0, 10.0)) is None


def test_the_reason_names_the_rule() -> None:
    assert stop_reason(StopSettings(evaluations=3), Tally(3, 0, 1.0)) == "3 of 3 evaluations are finished"
    assert "running time of 1 h" in str(stop_reason(StopSettings(wall_time_h=1), Tally(3, 0, 4000.0)))
