import numpy as np
import pytest

from mdcore.estimate import Estimate
from mdcore.estimate.heat_shares import HeatFlowShares, heat_flow_shares


def test_shares_are_fractions_of_the_imposed_flow_and_are_not_normalised():
    rng = np.random.default_rng(4)
    means = np.array([[2.0, 0.0], [3.0, 1.0]])
    powers = means + rng.normal(scale=0.5, size=(4000, 2, 2))
    shares = heat_flow_shares(powers, ("a", "b"), 8.0)
    assert shares.total.value == pytest.approx(6.0 / 8.0, abs=4 * 0.5 * 2 / 8.0 / np.sqrt(4000))
    assert shares.total.stderr == pytest.approx(0.5 * 2 / 8.0 / np.sqrt(4000), rel=0.15)
    assert shares.residual.value == pytest.approx(1.0 - shares.total.value)
    assert not shares.closes
    first, second = shares.components
    assert (first.name, second.name) == ("a", "b")
    assert second.total.value == pytest.approx(second.within.value + second.between.value)
    assert second.between.value == pytest.approx(1.0 / 8.0, abs=0.005)
    document = shares.document()
    assert document["components"]["b"]["between"]["value"] == second.between.value
    assert document["closes"] is False


def test_a_sum_within_two_standard_errors_closes():
    powers = np.random.default_rng(6).normal(loc=4.0, scale=1.0, size=(100, 1, 1)) * np.array([1.0, 0.0])
    assert heat_flow_shares(powers, ("a",), 4.1).closes
    assert not heat_flow_shares(powers, ("a",), 5.0).closes


def test_errors_grow_with_the_correlation_of_frames():
    rng = np.random.default_rng(2)
    white = rng.normal(size=20_000)
    slow = np.convolve(white, np.ones(50) / np.sqrt(50), mode="valid")
    fast, dragged = (
        heat_flow_shares(1.0 + one[:, None, None] * np.array([[1.0, 0.0]]), ("a",), 1.0).total.stderr
        for one in (white, slow)
    )
    assert dragged == pytest.approx(np.sqrt(50) * fast, rel=0.3)


def test_what_cannot_be_divided_is_refused():
    with pytest.raises(ValueError, match="must be positive, got -2"):
        heat_flow_shares(np.ones((3, 1, 2)), ("a",), -2.0)
    with pytest.raises(ValueError, match="at least one frame"):
        heat_flow_shares(np.ones((0, 1, 2)), ("a",), 2.0)


def test_a_sum_with_a_large_error_neither_closes_nor_not():
    def shares(stderr):
        return HeatFlowShares((), Estimate(0.5, stderr), Estimate(0.5, stderr), 10)

    assert [shares(error).closes for error in (0.1, 0.28, 0.31, float("inf"), float("nan"))] == [
        False,
        True,
        None,
        None,
        None,
    ]
    assert HeatFlowShares.from_document(shares(0.28).document()) == shares(0.28)
