"""What every acquisition method promises; a new entry of `METHODS` is tested by itself."""

import runpy
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from golden_surrogates import POOL, UNITS, observations

from surrogates import (
    AcquisitionSettings,
    Constraint,
    Objective,
    Observations,
    SurrogateSet,
    SurrogateSettings,
    fit_surrogates,
    select_batch,
)
from surrogates.acquisition import METHODS

TWO = (
    Objective("density", low=0.9, high=1.3),
    Objective("refractive_index", "minimise", low=1.3, high=1.5),
)
AIMS = {
    "one": TWO[:1],
    "two": TWO,
    "target": (Objective("density", "target", target=1.0, low=0.95, high=1.05), TWO[1]),
}
SETTINGS = SurrogateSettings(fidelity="md-quick", restarts=1)
MIXED = (*POOL, *UNITS, POOL[0])
"""Candidates, observed units and a repetition."""


@lru_cache
def fitted(empty: bool = False) -> SurrogateSet:
    known = Observations(()) if empty else observations()
    return fit_surrogates(known, ["density", "refractive_index"], SETTINGS, seed=1)


@pytest.fixture(params=list(METHODS))
def settings(request: pytest.FixtureRequest) -> AcquisitionSettings:
    return AcquisitionSettings(method=request.param, samples=16)


def test_the_settings_name_the_built_in_methods() -> None:
    listed = set(
        get_args(AcquisitionSettings.model_fields["method"].annotation)
    )  # for editors; others are accepted too
    assert listed <= {name for name in METHODS if METHODS[name].__module__.startswith("surrogates.")}
    for name in METHODS:
        assert AcquisitionSettings(method=name).method == name


@pytest.mark.parametrize("aims", AIMS)
def test_batches_hold_distinct_new_units_with_finite_values(settings: AcquisitionSettings, aims: str) -> None:
    pending = (POOL[2],)
    limits = (Constraint("density", high=1.6),)
    found = select_batch(fitted(), MIXED, AIMS[aims], 4, pending, settings, seed=1, constraints=limits)
    keys = [MIXED[i].key for i in found.indices]
    assert len(set(keys)) == 4
    assert not {*keys} & {unit.key for unit in (*UNITS, *pending)}
    assert found.values.shape == (4,)
    assert np.isfinite(found.values).all()


def test_the_same_seed_gives_the_same_batch(settings: AcquisitionSettings) -> None:
    first, again = (select_batch(fitted(), POOL, TWO, 3, (), settings, seed=7) for _ in range(2))
    assert first.indices == again.indices
    np.testing.assert_array_equal(first.values, again.values)


def test_a_pool_of_fewer_new_units_gives_them_all(settings: AcquisitionSettings) -> None:
    found = select_batch(fitted(), (*POOL[:3], *UNITS), TWO, 5, (), settings, seed=1)
    assert sorted(found.indices) == [0, 1, 2]
    assert select_batch(fitted(), UNITS, TWO, 5, (), settings).indices == ()


def test_a_batch_is_selected_without_any_data(settings: AcquisitionSettings) -> None:
    found = select_batch(fitted(empty=True), POOL, TWO, 3, (), settings, seed=1)
    assert len(set(found.indices)) == 3


def test_what_costs_more_is_worth_less(settings: AcquisitionSettings) -> None:
    """Except at random, the value of a candidate falls with its cost: the first choice is no longer chosen at a price of 10^9."""
    free = select_batch(fitted(), POOL, TWO, 1, (), settings, seed=1)
    costs = np.ones(len(POOL))
    costs[free.indices[0]] = 1e9
    dear = select_batch(fitted(), POOL, TWO, 1, (), settings, seed=1, costs=costs)
    assert (dear.indices != free.indices) == (settings.method != "random")


def test_the_method_of_the_documentation_is_a_plug_in(tmp_path: Path) -> None:
    """The code of docs/extending.md adds a method that settings accept and that selects the best means."""
    with pytest.raises(ValueError, match="method"):
        AcquisitionSettings.model_validate({"method": "mean"})
    page = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
    section = page.split("## An acquisition method\n", 1)[1]
    file = tmp_path / "exploitation.py"
    file.write_text(section.split("```python\n", 1)[1].split("```", 1)[0])
    runpy.run_path(str(file))
    try:
        settings = AcquisitionSettings.model_validate({"method": "mean"})
        assert AcquisitionSettings.model_validate_json(settings.model_dump_json()) == settings
        found = select_batch(fitted(), POOL, TWO[:1], 3, (), settings.model_copy(update={"avoid_failures": False}))
        means = fitted().predict(POOL).mean[:, 0]
        assert set(found.indices) == set(np.argsort(-means)[:3].tolist())
    finally:
        METHODS.withdraw("mean")
