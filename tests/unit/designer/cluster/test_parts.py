"""The steps of a simulation take whatever a job hands over."""

import inspect

import pytest

from designer.cluster.task import SimulateFunction
from mdcore.measure import prepare, simulate


@pytest.mark.parametrize("function", [simulate, prepare])
def test_every_step_takes_what_a_job_hands_over(function: object) -> None:
    handed = inspect.signature(SimulateFunction.__call__).parameters.values()
    keywords = {parameter.name for parameter in handed if parameter.kind is parameter.KEYWORD_ONLY}
    assert "shared" in keywords
    assert keywords <= inspect.signature(function).parameters.keys()  # type: ignore[arg-type]
