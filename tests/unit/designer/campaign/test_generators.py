"""Generators a campaign may ask for, the routes of their proposals, and where those are shown."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import yaml
from sqlalchemy import inspect, text

from designer import Campaign, CampaignConfig
from designer.campaign.candidates import diverse_part
from designer.campaign.proposer import BayesianProposer
from designer.campaign.recording import record_proposal
from designer.cli.main import run
from designer.cli.tables import front_document, print_front
from designer.config.generators import NeuralSMCSettings, NGramSMCSettings, ReactionSMCSettings
from designer.errors import DesignerError
from designer.report import write_report
from designer.store.routes import keep_route, route_text, stored_routes
from generators import Candidate, Corpus, Filters, Monomer, NGramModel, Route, internal_diversity, route
from generators.errors import InvalidModelFile
from mdcore.chem import Measurement, RepeatUnit

MONOMERS = """smiles,name
OC(=O)CCC(=O)O,succinic acid
OC(=O)CSCC(=O)O,thiodiglycolic acid
OCCO,glycol
OCCCCO,butanediol
C=Cc1ccccc1,styrene
"""


def document(tmp_path: Path, **changes: object) -> dict[str, object]:
    return {
        "name": "made",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "density"}],
        "corpus": {"reactions": False},
        "novelty": "allowed",
        "stop": {"evaluations": 4},
        **changes,
    }


@pytest.fixture
def monomers(tmp_path: Path) -> Path:
    path = tmp_path / "monomers.csv"
    path.write_text(MONOMERS)
    return path


@pytest.fixture
def campaign(tmp_path: Path, monomers: Path) -> Campaign:
    generator = {"kind": "reaction", "monomers": str(monomers)}
    return Campaign(CampaignConfig.model_validate(document(tmp_path, generator=generator)))


def test_generators_are_chosen_by_kind(tmp_path: Path) -> None:
    def chosen(**generator: object) -> object:
        return CampaignConfig.model_validate(document(tmp_path, generator=generator)).generator

    assert chosen(pool=20) == NGramSMCSettings(pool=20)
    assert chosen(kind="reaction", spread=3) == ReactionSMCSettings(spread=3)
    assert chosen(kind="neural_smc", model="m.npz") == NeuralSMCSettings(model=Path("m.npz"))
    with pytest.raises(ValueError, match="spread"):
        chosen(spread=0.5)


def test_a_configuration_with_another_kind_survives_its_store(campaign: Campaign) -> None:
    stored = campaign.store.campaign().config
    assert CampaignConfig.model_validate(stored) == campaign.config
    assert campaign.config.minimal_document()["generator"]["kind"] == "reaction"


def test_an_unknown_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    from designer.config import load_config

    path = tmp_path / "c.yaml"
    path.write_text("name: a\nobjectives: [{property: density}]\nstop: {evaluations: 1}\ngenerator: {kind: magic}\n")
    with pytest.raises(DesignerError, match="magic") as error:
        load_config(path)
    assert "\n" not in str(error.value)


def test_proposals_over_monomers_have_their_routes(campaign: Campaign) -> None:
    generator = campaign.config.generator.make(Filters(), lambda: pytest.fail("no corpus needed"))
    candidates = generator.propose(3, np.random.default_rng(0))
    assert {c.route.reaction for c in candidates if c.route} >= {"polyesterification"}
    assert all(c.route for c in candidates)


def test_a_saved_model_can_be_the_generator(tmp_path: Path) -> None:
    NGramModel.fit(["*CC*", "*CCO*", "*CC(*)C"], 3).save(tmp_path / "m.npz")
    generator = NeuralSMCSettings(model=tmp_path / "m.npz").make(Filters(), lambda: Corpus(()))
    assert len(generator.propose(4, np.random.default_rng(0))) == 4
    with pytest.raises(InvalidModelFile, match="absent"):
        NeuralSMCSettings(model=tmp_path / "absent.npz").make(Filters(), lambda: Corpus(()))


def test_the_pool_is_the_most_diverse_part(tmp_path: Path) -> None:
    chains = [RepeatUnit.from_psmiles(f"*{'C' * n}O*") for n in range(2, 14)]
    others = [RepeatUnit.from_psmiles(t) for t in ("*CC(*)c1ccccc1", "*CC(*)C#N", "*c1ccc(*)s1", "*C(F)(F)C(*)(F)F")]
    drawn = [Candidate(unit, 0.0, "test") for unit in [*chains, *others]]
    part = diverse_part(drawn, 5, np.random.default_rng(0))
    assert len(part) == 5
    assert {unit.key for unit in others} <= {candidate.unit.key for candidate in part}
    first = [candidate.unit for candidate in drawn[:5]]
    assert internal_diversity([candidate.unit for candidate in part]) > internal_diversity(first) + 0.3
    assert diverse_part(drawn, 40, np.random.default_rng(0)) == drawn


def test_the_proposer_draws_as_many_as_asked_and_keeps_a_diverse_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CampaignConfig.model_validate(document(tmp_path, generator={"pool": 8, "spread": 2.5}))
    proposer = BayesianProposer(config)
    asked: list[int] = []

    class Fake:
        def propose(self, n: int, rng: object, **kwargs: object) -> list[Candidate]:
            asked.append(n)
            return [Candidate(RepeatUnit.from_psmiles(f"*{'C' * (i + 1)}O*"), 0.0, "fake") for i in range(n)]

    monkeypatch.setattr(BayesianProposer, "_generator", Fake())
    pool = proposer._make_pool(1, np.random.default_rng(0), None, frozenset())
    assert asked == [20]
    assert len(pool) == 8


def test_routes_are_sought_kept_and_never_guessed(campaign: Campaign) -> None:
    proposals = BayesianProposer(campaign.config).propose(3, (), ())
    digest = campaign.config.settings_digest()
    records = [record_proposal(campaign.store, proposal, digest) for proposal in proposals]
    routes = stored_routes(campaign.store.engine)
    assert [routes[r.key] for r in records] == [p.candidate.route for p in proposals]
    assert route_text(routes, "*C=C*") == ""
    keep_route(campaign.store.engine, "*C=C*", None)
    keep_route(campaign.store.engine, records[0].key, None)
    routes = stored_routes(campaign.store.engine)
    assert route_text(routes, "*C=C*") == "no route known"
    assert routes[records[0].key] == proposals[0].candidate.route


def test_a_list_is_given_routes_too(tmp_path: Path) -> None:
    initial = {"kind": "list", "psmiles": ["*CC*", "*CS*"]}
    proposals = BayesianProposer(CampaignConfig.model_validate(document(tmp_path, initial=initial))).propose(2, (), ())
    assert [str(p.candidate.route) for p in proposals] == ["radical polymerisation of ethylene", "None"]


def test_stores_of_earlier_versions_get_their_table(campaign: Campaign) -> None:
    with campaign.store.engine.begin() as connection:
        connection.execute(text("DROP TABLE route"))
    assert stored_routes(campaign.store.engine) == {}
    keep_route(campaign.store.engine, "*CS*", None)
    assert inspect(campaign.store.engine).has_table("route")
    assert stored_routes(campaign.store.engine) == {"*CS*": None}


def test_pairs_are_shown_with_what_they_give_in_table_report_and_ask(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pair = "*CC(c1ccccc1)C1C(*)C(=O)OC1=O"
    path = tmp_path / "c.yaml"
    settings = document(tmp_path, initial={"kind": "list", "psmiles": [pair]}, cluster={"kind": "outside"})
    path.write_text(yaml.safe_dump(settings))
    assert run(["ask", str(path), "--n", "1"]) == 0
    asked = next(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert asked["route"].endswith("of styrene + maleic anhydride (alternates)")
    with Campaign(CampaignConfig.model_validate(settings)) as campaign:
        record = campaign.store.evaluations()[0]
        routes = stored_routes(campaign.store.engine)
        document_of = front_document([record], routes)[0]["route"]
        assert isinstance(document_of, dict)
        assert document_of["sequence"] == "alternates"
        stream = io.StringIO()
        print_front(stream, [record], campaign.objectives, routes)
        assert "(alternates)" in " ".join(stream.getvalue().split())
        html = write_report(campaign.store, campaign.config, tmp_path / "r.html").read_text()
    assert "alternates" in html


def test_a_recorded_route_over_a_monomer_that_cannot_exist_is_not_shown(campaign: Campaign) -> None:
    carbamic = Route("hydroxy acid condensation", "polyester", (Monomer("a", "O=C(O)Nc1ccc(O)cc1"),))
    old = Route("vinyl addition", "polyolefin", (Monomer("styrene", "C=Cc1ccccc1"),))
    keep_route(campaign.store.engine, "*Oc1ccc(NC(*)=O)cc1", carbamic)
    keep_route(campaign.store.engine, "*CC(*)c1ccccc1", old)
    assert stored_routes(campaign.store.engine) == {"*CC(*)c1ccccc1": old}


def test_routes_are_shown_in_table_status_and_report(
    campaign: Campaign, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    proposals = BayesianProposer(campaign.config).propose(3, (), ())
    records = []
    for proposal in proposals:
        record = campaign.store.start(record_proposal(campaign.store, proposal, campaign.config.settings_digest()).id)
        measured = (Measurement("density", 1.2, 0.01, "g/cm3", "md-quick-2", {}),)
        records.append(
            campaign.store.finish(record.id, measured, worker="a:1", wall_s=1.0, diagnostics={}, provenance={})
        )
    keep_route(campaign.store.engine, records[0].key, None)
    routes = stored_routes(campaign.store.engine)
    line = str(proposals[0].candidate.route)
    stream = io.StringIO()
    print_front(stream, records, campaign.objectives, routes)
    assert " ".join(line.split()[:2]) in stream.getvalue()
    html = write_report(campaign.store, campaign.config, tmp_path / "r.html").read_text()
    route = proposals[0].candidate.route
    assert route is not None
    for monomer in route.monomers:
        assert monomer.name in html
    assert run(["status", str(tmp_path / "run"), "--json"]) == 0
    shown = capfd.readouterr().out
    assert f'"reaction": "{route.reaction}"' in shown


def test_routes_to_labelled_polymers_say_that_they_leave_the_labels_out(capfd: pytest.CaptureFixture[str]) -> None:
    labelled, plain = "*C([2H])([2H])C(*)c1ccccc1", "*CC(*)c1ccccc1"
    assert run(["route", labelled]) == 0
    told = capfd.readouterr().out
    assert told.startswith("routes of the unlabelled polymer: isotope labels are ignored\n")
    assert "styrene" in told
    assert run(["route", plain]) == 0
    assert "unlabelled" not in capfd.readouterr().out
    known = {
        RepeatUnit.from_psmiles(psmiles).key: route(RepeatUnit.from_psmiles(plain)) for psmiles in (labelled, plain)
    }
    texts = [route_text(known, key) for key in known]
    assert texts[0] == f"{texts[1]} (of the unlabelled polymer)"
