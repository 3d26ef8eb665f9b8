"""Saved language models of earlier versions load, and the same seeds give the same draws and proposals as they did there."""

import json
from collections.abc import Iterator

import pytest
import torch
from golden_generators import GOLDEN, draws


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield draws(tmp_path_factory.mktemp("models"))
    torch.set_num_threads(threads)


THEN = json.loads((GOLDEN / "generators.json").read_text())


@pytest.mark.parametrize("name", ["ngram", "neural"])
def test_saved_models_draw_what_they_drew(now, name: str) -> None:
    assert now[name]["strings"] == THEN[name]["strings"]
    assert now[name]["log_prob"] == pytest.approx(THEN[name]["log_prob"], rel=1e-10 if name == "ngram" else 1e-5)


def test_an_smc_run_takes_the_same_course(now) -> None:
    then, run = THEN["smc run"], now["smc run"]
    assert len(then["betas"]) > 1
    assert run["units"] == then["units"]
    assert run["ancestors"] == then["ancestors"]
    assert run["betas"] == pytest.approx(then["betas"], abs=1e-10)
    assert run["log_evidence"] == pytest.approx(then["log_evidence"], abs=1e-10)


@pytest.mark.parametrize("kind", ["smc ngram", "smc neural", "reaction"])
@pytest.mark.parametrize("part", ["prior", "posterior"])
def test_generators_propose_what_they_proposed(now, kind: str, part: str) -> None:
    found, wanted = now[kind][part], THEN[kind][part]
    assert [(key, origin, made) for key, _, origin, made in found] == [(key, o, made) for key, _, o, made in wanted]
    # The network computes in single precision.
    close = 1e-5 if kind == "smc neural" else 1e-10
    assert [row[1] for row in found] == pytest.approx([row[1] for row in wanted], rel=close)


def test_routes_are_what_they_were(now) -> None:
    assert now["routes"] == THEN["routes"]
    assert all(THEN["routes"])
    assert "ethylene glycol" in THEN["routes"][1]
