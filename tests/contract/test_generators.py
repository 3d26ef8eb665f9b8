"""What every kind of generator promises; a new entry of `GENERATORS` is tested by itself."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from golden_generators import unpacked
from made_kinds import SUBSTITUTED, documented
from pydantic import TypeAdapter

from designer.config import CampaignConfig
from designer.config.generators import (
    GENERATORS,
    AnyGenerator,
    GeneratorSettings,
    PoolSettings,
    SampledSettings,
    register_generator,
)
from designer.config.substances import SubstancesSettings
from generators import Corpus, Filters
from generators.errors import ImpossibleTarget, NothingAccepted
from generators.generator import TemperedGenerator
from generators.lists import known_polymers
from generators.smc import population
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import PluginError

pytestmark = pytest.mark.seconds(80)

SMC = {"particles": 32, "sweeps": 1, "max_top_up": 3}
FILTERS = Filters(max_heavy_atoms=18, elements=frozenset({"H", "C", "N", "O"}))
CORPUS = Corpus.of([RepeatUnit.from_psmiles(entry.smiles).key for entry in known_polymers()[:60]])


KINDS = [kind for kind, settings in GENERATORS.items() if issubclass(settings, PoolSettings)]
ITEMS = {
    "substances": {
        "substances": [{"kind": "copolymer", "units": ["*CC*", "*CCO*"], "sequence": {"kind": "alternating"}}]
    }
}
"""Settings of the kinds that list substances."""


def example(kind: str, folder: Path) -> dict[str, Any]:
    """Return the settings that a kind requires; a kind whose settings all have defaults needs no entry."""
    return {"neural_smc": lambda: {"model": str(unpacked("neural", folder))}, "substituted": lambda: SUBSTITUTED}.get(
        kind, dict
    )()


@pytest.fixture(scope="module", params=[*KINDS, "substituted"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp(request.param)
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(folder))
    with ExitStack() as made:
        if request.param not in GENERATORS:
            made.enter_context(documented(request.param))
        sampled = {"smc": SMC} if issubclass(GENERATORS[request.param], SampledSettings) else {}
        document = {"kind": request.param, **sampled, **example(request.param, folder)}
        yield TypeAdapter(AnyGenerator).validate_python(document)
    patch.undo()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def make(settings):
    return lambda filters=FILTERS: settings.make(filters, lambda: CORPUS)


@pytest.fixture(scope="module")
def generator(make):
    return make()


def oxygen(units) -> np.ndarray:
    """Return a log likelihood that rises with the number of oxygen atoms."""
    return np.array([3.0 * unit.key.count("O") for unit in units])


def campaign(generator: Any) -> CampaignConfig:
    document = {"name": "a", "objectives": [{"property": "density"}], "stop": {"evaluations": 1}}
    return CampaignConfig.model_validate({**document, "generator": generator})


def test_a_kind_is_taken_once_and_has_a_name() -> None:
    class Nameless(GeneratorSettings):
        pass

    class Again(GeneratorSettings):
        kind: Literal["reaction"] = "reaction"

    with pytest.raises(PluginError, match="Nameless has no kind; give it one"):
        register_generator(Nameless)
    with pytest.raises(PluginError, match="'reaction' is already registered"):
        register_generator(Again)


def test_settings_come_back_from_the_document_of_a_campaign(settings) -> None:
    config = campaign(settings)
    assert config.generator == settings
    assert CampaignConfig.model_validate(config.document()) == config
    assert CampaignConfig.model_validate(config.minimal_document()) == config


@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind not in KINDS])
def test_a_kind_without_generator_lists_distinct_substances(kind: str) -> None:
    listed = campaign({"kind": kind, **ITEMS[kind]}).generator.listed()
    assert listed
    assert len({substance.key for substance in listed}) == len(listed)
    assert all(substance.composition is not None for substance in listed)


def test_a_kind_of_a_plug_in_lists_substances(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list made otherwise is drawn from, and refused where a corpus is asked for, like the built-in one."""

    class Alkanes(SubstancesSettings):
        kind: Literal["alkanes"] = "alkanes"  # type: ignore[assignment]
        substances: tuple[dict[str, Any], ...] = ({"kind": "homopolymer", "psmiles": "*CC*"},)

    monkeypatch.setitem(GENERATORS._held, "alkanes", Alkanes)
    assert [one.key for one in campaign({"kind": "alkanes"}).generator.listed()] == ["*C*"]
    with pytest.raises(ValueError, match=r"generator\.kind alkanes only from its list"):
        CampaignConfig.model_validate(
            {**campaign({"kind": "alkanes"}).minimal_document(), "initial": {"kind": "corpus"}}
        )


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


def test_a_likelihood_guides_the_proposals_and_excludes_what_is_impossible(generator) -> None:
    def likelihood(units) -> np.ndarray:
        return np.where(["N" in unit.key for unit in units], -np.inf, oxygen(units))

    tempered = isinstance(generator, TemperedGenerator)
    prior = generator.propose(10, np.random.default_rng(2))
    posterior = generator.propose(10, np.random.default_rng(2), likelihood, **({"best_of": 2.0} if tempered else {}))
    before, after = (oxygen([c.unit for c in candidates]) for candidates in (prior, posterior))
    assert not [candidate.unit.key for candidate in posterior if "N" in candidate.unit.key]
    assert after.mean() > before.mean() + (1.5 if tempered else 1.0)
    if tempered:
        assert (np.diff(after) <= 0).all(), "the most likely ones come first"


def test_an_impossible_target_gives_nothing(generator) -> None:
    """Generators of a finite set know that nothing is left; others say so in an error."""

    def propose() -> list[Any]:
        return generator.propose(2, np.random.default_rng(0), lambda units: np.full(len(units), -np.inf))

    if isinstance(generator, TemperedGenerator):
        with pytest.raises(ImpossibleTarget, match="widen the target"):
            propose()
    else:
        assert propose() == []


def test_filters_that_accept_nothing_leave_nothing(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population, "MAX_REFUSED", 2)
    generator = make(Filters(elements=frozenset({"H", "P"})))
    if isinstance(generator, TemperedGenerator):
        with pytest.raises(NothingAccepted):
            generator.propose(2, np.random.default_rng(0))
    else:
        assert generator.propose(2, np.random.default_rng(0)) == []
