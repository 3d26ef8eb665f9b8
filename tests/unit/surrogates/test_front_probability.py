"""The probability of being on the front against closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from surrogates import Constraint, Objective
from surrogates.front_probability import FEWEST_DRAWS, front_probability

N, V, D = Objective("refractive_index"), Objective("abbe_number"), Objective("density", "minimise")
DRAWS = 4000


def within(found: float, expected: float) -> bool:
    """Four standard errors of a share of the draws."""
    return abs(found - expected) < 4 * np.sqrt(max(expected * (1 - expected), 1e-4) / DRAWS)


def test_of_two_the_better_one_wins_with_the_probability_of_the_normal_difference() -> None:
    (a, b), (sa, sb) = (1.60, 1.58), (0.02, 0.015)
    (first, second), draws = front_probability(
        {"refractive_index": np.array([a, b])}, {"refractive_index": np.array([sa, sb])}, [N]
    )
    expected = norm.cdf((a - b) / np.hypot(sa, sb))
    assert draws == DRAWS
    assert within(first, expected)
    assert first + second == pytest.approx(1.0)


def test_in_two_objectives_a_polymer_leaves_the_front_where_the_other_is_better_in_both() -> None:
    values = {"refractive_index": np.array([1.60, 1.58]), "abbe_number": np.array([40.0, 42.0])}
    errors = {"refractive_index": np.array([0.02, 0.02]), "abbe_number": np.array([1.0, 2.0])}
    found, _ = front_probability(values, errors, [N, V])
    better_n = norm.cdf(0.02 / np.hypot(0.02, 0.02))  # the first is better in n, the second in the Abbe number
    better_v = norm.cdf(2.0 / np.hypot(1.0, 2.0))
    assert within(found[0], 1 - (1 - better_n) * better_v)
    assert within(found[1], 1 - better_n * (1 - better_v))


@pytest.mark.parametrize("objectives", [[N], [N, V], [N, V, D]])
def test_equal_polymers_share_the_front(objectives: list[Objective]) -> None:
    """Of n independent, equally distributed points 1, H(n), sum H(k)/k are on the front of one, two, three scores on average."""
    n = 8
    harmonic = np.cumsum(1 / np.arange(1, n + 1))
    size = {1: 1.0, 2: harmonic[-1], 3: (harmonic / np.arange(1, n + 1)).sum()}[len(objectives)]
    values = {o.property: np.full(n, 1.0) for o in objectives}
    found, draws = front_probability(values, {name: np.full(n, 0.1) for name in values}, objectives)
    assert draws == DRAWS
    # The size of a front of eight has a variance below two.
    assert found.sum() == pytest.approx(size, abs=4 * np.sqrt(2 / DRAWS))


def test_a_limit_is_kept_with_its_own_probability() -> None:
    """Alone on the front, if it keeps the limit; what lacks the limited property keeps it."""
    values = {"refractive_index": np.array([1.6]), "abbe_number": np.array([41.0])}
    errors = {"refractive_index": np.array([0.01]), "abbe_number": np.array([2.0])}
    found, _ = front_probability(values, errors, [N], [Constraint("abbe_number", low=40.0)])
    assert within(found[0], norm.cdf(0.5))
    without, _ = front_probability(
        {"refractive_index": np.array([1.6])}, errors, [N], [Constraint("abbe_number", low=40.0)]
    )
    assert without[0] == 1.0


def test_without_errors_it_is_the_front_itself_and_gaps_are_told() -> None:
    values = {
        "refractive_index": np.array([1.6, 1.5, 1.4, np.nan, 1.7]),
        "abbe_number": np.array([40.0, 50.0, 45.0, 60.0, 60.0]),
    }
    errors = {"refractive_index": np.array([0.0, 0.0, np.nan, 0.0, np.inf])}
    found, _ = front_probability(values, errors, [N, V])
    np.testing.assert_array_equal(found, [1.0, 1.0, 0.0, 0.0, np.nan])
    assert front_probability({}, {}, [N])[0].shape == (0,)


def test_a_target_is_hit_from_both_sides() -> None:
    """P(|x| < |y|) of two centred normal values with sd s and t is 2/pi atan(t/s)."""
    aim = Objective("density", "target", target=1.0)
    found, _ = front_probability({"density": np.array([1.0, 1.0])}, {"density": np.array([0.1, 0.3])}, [aim])
    assert within(found[0], 2 / np.pi * np.arctan(3.0))


def test_what_is_surely_dominated_costs_nothing_and_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    good = {"refractive_index": np.array([1.60, 1.58, 1.55]), "abbe_number": np.array([40.0, 42.0, 43.0])}
    crowd = {"refractive_index": rng.uniform(1.3, 1.4, 3000), "abbe_number": rng.uniform(20, 30, 3000)}
    values = {name: np.concatenate([good[name], crowd[name]]) for name in good}
    errors = {"refractive_index": np.full(3003, 0.01), "abbe_number": np.full(3003, 1.0)}
    found, _ = front_probability(values, errors, [N, V], seed=3)
    alone, _ = front_probability(good, {name: column[:3] for name, column in errors.items()}, [N, V], seed=3)
    np.testing.assert_array_equal(found[:3], alone)
    assert not found[3:].any()


def test_a_crowd_in_three_objectives_is_drawn_less_often() -> None:
    rng = np.random.default_rng(1)
    values = {o.property: rng.normal(1.0, 0.001, 1200) for o in (N, V, D)}
    errors = {name: np.full(1200, 0.1) for name in values}
    found, draws = front_probability(values, errors, [N, V, D], draws=FEWEST_DRAWS // 10)
    assert draws == FEWEST_DRAWS // 10
    assert 20 < found.sum() < 100  # of equal ones: 31 (H(k)/k summed)
