import itertools

import numpy as np
import pytest

from surrogates import InvalidObjective, Objective, hypervolume, pareto_mask, reference_point
from surrogates.boxes import boxes_of, pad
from surrogates.pareto import dominated_volume, non_dominated

UP = Objective("density")
DOWN = Objective("refractive_index", "minimise")


def brute_front(table):
    keep = []
    for i, row in enumerate(table):
        beaten = any((other >= row).all() and (other > row).any() for j, other in enumerate(table) if j != i)
        keep.append(not beaten and not np.isnan(row).any())
    return np.array(keep)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_front_agrees_with_pairwise_definition_also_on_ties(m):
    rng = np.random.default_rng(m)
    for _ in range(20):
        table = rng.integers(0, 5, size=(25, m)).astype(float)
        np.testing.assert_array_equal(non_dominated(table), brute_front(table))


def test_rows_with_missing_values_are_never_on_the_front():
    table = np.array([[1.0, np.nan], [0.5, 0.5], [np.nan, 3.0], [0.4, 0.4]])
    np.testing.assert_array_equal(non_dominated(table), [False, True, False, False])
    assert non_dominated(np.zeros((0, 2))).shape == (0,)


def test_pareto_mask_respects_directions():
    values = np.array([[1.0, 1.5], [1.2, 1.6], [0.9, 1.4], [1.0, 1.7]])
    np.testing.assert_array_equal(pareto_mask(values, [UP, DOWN]), [True, True, True, False])
    aim = Objective("density", "target", target=1.0)
    np.testing.assert_array_equal(pareto_mask(values[:, :1], [aim]), [True, False, False, True])


def test_hypervolume_of_two_boxes_by_hand():
    values = np.array([[2.0, 1.0], [1.0, 3.0], [0.5, 0.5], [np.nan, 9.0]])
    two = [Objective("density"), Objective("bulk_modulus")]
    assert hypervolume(values, two, [0.0, 0.0]) == pytest.approx(2.0 + 2.0)
    assert hypervolume(values, two, [5.0, 5.0]) == 0.0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_hypervolume_by_inclusion_and_exclusion(m):
    rng = np.random.default_rng(10 + m)
    points = rng.uniform(-0.2, 1.0, size=(6, m))
    reference = np.zeros(m)
    expected = 0.0
    for size in range(1, 7):
        for chosen in itertools.combinations(points, size):
            corner = np.min(chosen, axis=0)
            expected -= (-1) ** size * np.prod(np.maximum(corner, 0.0))
    assert dominated_volume(points, reference) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_boxes_give_the_exact_hypervolume_improvement(m):
    rng = np.random.default_rng(20 + m)
    front = rng.normal(size=(15, m))
    front[3] = front[2]
    reference = np.full(m, -1.5)
    lower, upper = boxes_of(front, reference)
    before = dominated_volume(front, reference)
    for point in rng.normal(0.5, 1.0, size=(40, m)):
        overlap = np.prod(np.clip(np.minimum(point, upper) - lower, 0.0, None), axis=1).sum()
        assert overlap == pytest.approx(dominated_volume(np.vstack([front, point]), reference) - before, abs=1e-12)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_an_empty_front_leaves_one_box(m):
    reference = np.zeros(m)
    lower, upper = boxes_of(np.full((2, m), -1.0), reference)
    np.testing.assert_array_equal(lower, reference[None, :])
    assert np.isinf(upper).all()


def test_padding_adds_no_volume():
    lower, upper = pad([(np.zeros((1, 2)), np.ones((1, 2))), (np.zeros((3, 2)), np.ones((3, 2)))])
    assert lower.shape == (2, 3, 2)
    np.testing.assert_array_equal(np.prod(upper - lower, axis=-1).sum(axis=1), [1.0, 3.0])


def test_reference_point_is_inferred_or_given():
    values = np.array([[2.0, 1.0], [1.0, 3.0], [0.0, 0.0]])
    two = [Objective("density"), Objective("bulk_modulus")]
    np.testing.assert_allclose(reference_point(values, two), [1.0 - 0.1, 1.0 - 0.2])
    given = [Objective("density", low=0.25), Objective("bulk_modulus")]
    np.testing.assert_allclose(reference_point(values, given), [0.25, 0.8])
    mixed = [
        Objective("density", "minimise", high=4.0),
        Objective("bulk_modulus", "target", target=2.0, low=0.5, high=3.0),
    ]
    np.testing.assert_allclose(reference_point(values, mixed), [-4.0, -1.5])
    with pytest.raises(InvalidObjective, match="low or high"):
        reference_point(np.zeros((0, 2)), two)


def test_contradictory_objectives_are_refused():
    with pytest.raises(InvalidObjective, match="requires a target value"):
        Objective("density", "target")
    with pytest.raises(InvalidObjective, match="does not take a target value"):
        Objective("density", "maximise", target=1.0)
    with pytest.raises(InvalidObjective, match="must be less than high"):
        Objective("density", low=2.0, high=1.0)
    with pytest.raises(InvalidObjective, match="must be maximise, minimise or target"):
        Objective("density", "upwards")
    with pytest.raises(InvalidObjective, match="one column per objective"):
        pareto_mask(np.zeros((3, 1)), [UP, DOWN])
