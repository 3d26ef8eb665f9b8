"""Diverse subsets against brute force; novelty by key."""

import numpy as np
import pytest
from rdkit import DataStructs

from generators.diversity import best_diverse, diverse_subset, fingerprints, internal_diversity, novelty
from mdcore.chem import RepeatUnit

UNITS = [
    RepeatUnit.from_psmiles(text)
    for text in (
        "*CC(*)c1ccccc1",
        "*CC(*)c1ccc(C)cc1",
        "*CC(*)c1ccc(Cl)cc1",
        "*CCO*",
        "*CCCO*",
        "*OCCOC(=O)c1ccc(C(*)=O)cc1",
        "*C(F)(F)C(*)(F)F",
        "*Sc1ccc(*)cc1",
    )
]


def distances():
    prints = fingerprints(UNITS)
    return np.array([[1 - DataStructs.TanimotoSimilarity(a, b) for b in prints] for a in prints])


def test_each_pick_is_the_farthest_from_those_before():
    matrix = distances()
    picks = diverse_subset(UNITS, 5, first=[0])
    assert picks[0] == 0
    for i in range(1, 5):
        nearest = matrix[list(picks[:i])].min(axis=0)
        nearest[list(picks[:i])] = -1
        assert nearest[picks[i]] == pytest.approx(nearest.max())


def test_subset_is_more_diverse_than_neighbours():
    picks = diverse_subset(UNITS, 3, seed=1)
    assert len(set(picks)) == 3
    assert internal_diversity([UNITS[i] for i in picks]) > internal_diversity(UNITS[:3])


def test_internal_diversity_is_the_mean_distance():
    matrix = distances()
    assert internal_diversity(UNITS) == pytest.approx(matrix[np.triu_indices(len(UNITS), 1)].mean())
    assert np.isnan(internal_diversity(UNITS[:1]))


def test_fingerprints_do_not_depend_on_the_cut():
    one, other = fingerprints([RepeatUnit.from_psmiles("*CCOC(=O)*"), RepeatUnit.from_psmiles("*OC(=O)CC*")])
    assert one == other


def test_novelty_goes_by_key():
    known = {RepeatUnit.from_psmiles("*OCC*").key}
    assert novelty(UNITS[3:5], known) == 0.5
    assert np.isnan(novelty([], known))


def test_too_large_a_subset_is_refused():
    with pytest.raises(ValueError, match="exceeds the pool size 8"):
        diverse_subset(UNITS, 9)


def test_the_best_are_passed_over_only_for_the_diversity_asked_for():
    units = [RepeatUnit.from_psmiles(f"*{'C' * k}C(*)c1ccccc1") for k in range(1, 9)]
    units += [RepeatUnit.from_psmiles(text) for text in ("*CC(*)Cl", "*CCO*", "*CC(*)C#N", "*C(F)(F)C*")]
    scores = -np.arange(len(units), dtype=float)
    assert best_diverse(units, scores, 4, 0.0) == (0, 1, 2, 3)
    rows = best_diverse(units, scores, 4, 0.7)
    assert rows[0] == 0
    assert list(rows) == sorted(rows)
    assert internal_diversity([units[i] for i in rows]) >= 0.7
    assert internal_diversity(units[:4]) < 0.7


def test_the_most_diverse_is_returned_where_none_is_diverse_enough():
    units = [RepeatUnit.from_psmiles(f"*{'C' * k}O*") for k in range(4, 10)]
    rows = best_diverse(units, np.zeros(6), 3, 0.99)
    assert len(set(rows)) == 3
    with pytest.raises(ValueError, match="one score per unit"):
        best_diverse(units, np.zeros(5), 3, 0.5)
