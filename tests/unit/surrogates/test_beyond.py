"""Regions beyond a front: disjoint, complete, and with the probability that sampling gives."""

import numpy as np
import pytest
from scipy.stats import norm

from surrogates import Objective, reference_point, regions_beyond
from surrogates.pareto import scores

CASES = {
    "one": (Objective("density"),),
    "least": (Objective("density", "minimise"),),
    "target": (Objective("density", "target", target=0.2),),
    "two": (Objective("density"), Objective("refractive_index", "minimise")),
    "two, one with a target": (Objective("density", "target", target=0.2), Objective("refractive_index")),
    "three": (Objective("density"), Objective("refractive_index"), Objective("abbe_number", "minimise")),
}


def improves(values, front, objectives):
    """By the definition: above the reference and not dominated by any point."""
    table, points = scores(values, objectives), scores(front, objectives)
    above = (table > reference_point(front, objectives)).all(axis=1)
    dominated = (points[None] >= table[:, None]).all(axis=2).any(axis=1)
    return above & ~dominated


@pytest.mark.parametrize("name", CASES)
def test_every_value_that_improves_the_front_lies_in_one_box_and_no_other_in_any(name):
    objectives = CASES[name]
    rng = np.random.default_rng(3)
    front, values = rng.normal(size=(7, len(objectives))), 1.5 * rng.normal(size=(20_000, len(objectives)))
    inside = np.zeros(len(values), dtype=int)
    for region in regions_beyond(front, objectives):
        assert set(region) == {objective.property for objective in objectives}
        box = np.ones(len(values), dtype=bool)
        for column, objective in enumerate(objectives):
            low, high = region[objective.property]
            box &= values[:, column] > (-np.inf if low is None else low)
            box &= values[:, column] < (np.inf if high is None else high)
        inside += box
    expected = improves(values, front, objectives)
    assert (inside == expected).all()
    assert 20 < expected.sum() < len(values) - 20


def test_probabilities_of_the_boxes_add_up_to_that_of_improving():
    objectives = CASES["two"]
    rng = np.random.default_rng(5)
    front, n = rng.normal(size=(6, 2)), 200_000
    mean, sd = np.array([0.8, -0.4]), np.array([0.7, 0.5])
    total = 0.0
    for region in regions_beyond(front, objectives):
        low = [-np.inf if e is None else e for e, _ in region.values()]
        high = [np.inf if e is None else e for _, e in region.values()]
        total += np.prod(norm.cdf(high, mean, sd) - norm.cdf(low, mean, sd))
    sampled = improves(rng.normal(mean, sd, size=(n, 2)), front, objectives).mean()
    # Five standard errors of a binomial share.
    assert abs(total - sampled) < 5 * np.sqrt(total * (1 - total) / n)


def test_a_point_that_hits_its_target_can_hardly_be_beaten():
    (region,) = regions_beyond(np.array([[0.2]]), CASES["target"])
    low, high = region["density"]
    assert 0 < high - low < 1e-5
    assert (low + high) / 2 == pytest.approx(0.2)
