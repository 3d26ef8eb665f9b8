"""What every kind of generator promises; a new entry of `GENERATORS` is tested by itself."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from golden_generators import unpacked
from pydantic import TypeAdapter

from designer.campaign.generator import GENERATORS, make_generator
from designer.config.sections import GeneratorSettings, ModelSettings
from generators import Corpus, Filters
from generators.errors import ImpossibleTarget, NothingAccepted
from generators.lists import known_polymers
from generators.smc import population
from mdcore.chem import RepeatUnit

SMC = {"particles": 32, "sweeps": 1, "max_top_up": 3}
FILTERS = Filters(max_heavy_atoms=18, elements=frozenset({"H", "C", "N", "O"}))
CORPUS = Corpus.of([RepeatUnit.from_psmiles(entry.smiles).key for entry in known_polymers()[:60]])


def example(kind: str, folder: Path) -> dict[str, Any]:
    """Return the settings that a kind requires; a kind whose settings all have defaults needs no entry."""
    return {"neural_smc": lambda: {"model": str(unpacked("neural", folder))}}.get(kind, dict)()


@pytest.fixture(scope="module", params=list(GENERATORS))
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp(request.param)
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(folder))
    document = {"kind": request.param, "smc": SMC, **example(request.param, folder)}
    settings = TypeAdapter(GeneratorSettings).validate_python(document)

    def make(filters: Filters = FILTERS):
        return make_generator(settings, filters, lambda: CORPUS)

    yield make
    patch.undo()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def generator(make):
    return make()


def oxygen(units) -> np.ndarray:
    """Return a log likelihood that rises with the number of oxygen atoms."""
    return np.array([3.0 * unit.key.count("O") for unit in units])


def test_the_settings_have_the_same_kinds() -> None:
    assert {member.model_fields["kind"].default for member in get_args(ModelSettings)} == set(GENERATORS)


def test_proposals_are_distinct_new_and_pass_the_filters(generator) -> None:
    first = generator.propose(6, np.random.default_rng(1))
    known = {candidate.unit.key for candidate in first}
    assert len(known) == 6
    again = generator.propose(6, np.random.default_rng(1), exclude=known)
    assert not known & {candidate.unit.key for candidate in again}
    for candidate in (*first, *again):
        assert candidate.unit.key == RepeatUnit.from_psmiles(candidate.unit.psmiles).key
        assert FILTERS.reason(candidate.unit) is None
        assert -np.inf < candidate.log_prior <= 0.0
        assert candidate.origin


@pytest.mark.parametrize("likelihood", [None, oxygen], ids=["prior", "posterior"])
def test_the_same_seed_gives_the_same_proposals(generator, likelihood) -> None:
    def keys(seed: int) -> list[str]:
        return [candidate.unit.key for candidate in generator.propose(5, np.random.default_rng(seed), likelihood)]

    assert keys(3) == keys(3)
    assert keys(3) != keys(4)


def test_a_likelihood_guides_the_proposals(generator) -> None:
    prior = generator.propose(10, np.random.default_rng(2))
    posterior = generator.propose(10, np.random.default_rng(2), oxygen, best_of=2.0)
    before, after = (oxygen([c.unit for c in candidates]) for candidates in (prior, posterior))
    assert after.mean() > before.mean() + 1.5
    assert (np.diff(after) <= 0).all(), "the most likely ones come first"


def test_an_impossible_target_is_an_error(generator) -> None:
    with pytest.raises(ImpossibleTarget, match="widen the target"):
        generator.propose(2, np.random.default_rng(0), lambda units: np.full(len(units), -np.inf))


def test_filters_that_accept_nothing_are_an_error(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "MAX_REFUSED", 2)
    with pytest.raises(NothingAccepted):
        make(Filters(elements=frozenset({"H", "P"}))).propose(2, np.random.default_rng(0))
