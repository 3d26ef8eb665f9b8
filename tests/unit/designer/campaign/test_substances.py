"""Campaigns over copolymers and liquids: what they choose, store, learn from, share and show."""

import csv
import io
import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from instant_trials import InstantCluster
from sqlalchemy import text

from designer import Campaign, CampaignConfig
from designer.campaign.listed import drawn, listed_candidates
from designer.campaign.observations import observations_of
from designer.cli.main import run
from designer.cli.substance import read_substance as of_command_line
from designer.cluster import Job
from designer.dashboard.gather import Gatherer
from designer.errors import CampaignFailed, InvalidConfig, InvalidRequest
from designer.report.build import context, write_report
from designer.report.facts import repeat_command
from designer.store.substances import substance_of_record
from designer.substances import read_substance
from mdcore.chem import Measurement, RepeatUnit
from mdcore.chem.drawing import structure_svg
from mdcore.measure import SimulationResult
from mdcore.substances import Homopolymer, Liquid, Substance, substance_of

BEST = 0.35
"""Fraction of the second unit at which the "simulated" density is highest."""
GRID = {"units": ["*CC*"], "second": "*CC(*)c1ccccc1", "fractions": [round(0.05 * i, 2) for i in range(21)]}
RANDOM = {
    "kind": "copolymer", "units": ["*CC*", "*CCO*"], "sequence": {"kind": "random", "fractions": [0.25, 0.75]}
}  # fmt: skip
ALTERNATING = {"kind": "copolymer", "units": ["*CC*", "*CCO*"], "sequence": {"kind": "alternating"}}
ETHANOL = {"kind": "liquid", "smiles": "OCC"}


def config(folder: Path, **changes: Any) -> CampaignConfig:
    document = {
        "name": "mixed",
        "seed": 5,
        "folder": str(folder),
        "objectives": [{"property": "density"}],
        "corpus": {"reactions": False},
        "generator": {"kind": "substances", "grid": GRID},
        "initial": {"kind": "prior", "evaluations": 4},
        "stop": {"evaluations": 8},
        **changes,
    }
    return CampaignConfig.model_validate(document)


def second_fraction(substance: Substance) -> float:
    """Return the share of the grid's second unit; its homopolymer is all of it."""
    units = [unit.key for unit in substance.repeat_units]
    second = RepeatUnit.from_psmiles(str(GRID["second"])).key
    return substance.unit_fractions[units.index(second)] if second in units else 0.0


def answer(job: Job) -> SimulationResult:
    substance = substance_of(job.substance)
    density = 1.2 - (second_fraction(substance) - BEST) ** 2
    return SimulationResult((Measurement("density", density, 1e-3, "g/cm3", "md-quick-2"),), {}, {})


def make(settings: CampaignConfig, dies_after: int | None = None) -> tuple[Campaign, InstantCluster]:
    cluster = InstantCluster(slots=1, answer=answer, dies_after=dies_after)
    return Campaign(settings, start_cluster=lambda: cluster), cluster


def test_acquisition_finds_the_best_fraction_of_a_grid_and_a_killed_campaign_chooses_the_same(tmp_path: Path) -> None:
    whole, cluster = make(config(tmp_path / "whole"))
    assert whole.run() == "8 of 8 evaluations are finished"
    fractions = [second_fraction(substance_of(job.substance)) for job in cluster.submitted]
    assert len(set(fractions)) == 8 < len(GRID["fractions"])
    first = fractions[:4]
    assert BEST not in first  # the draw did not give it away
    assert BEST in fractions[4:]
    records = whole.store.evaluations()
    assert [record.step for record in records] == ["initial"] * 4 + ["acquisition"] * 4
    assert all("density" in record.predicted for record in records[4:])
    assert whole.pareto_front()["density"].iloc[0] == pytest.approx(1.2)
    for dies_after in (1, 3, 2):
        killed, _ = make(config(tmp_path / "killed"), dies_after)
        with pytest.raises(KeyboardInterrupt):
            killed.run()
        killed.close()
    resumed, _ = make(config(tmp_path / "killed"))
    resumed.run()
    assert [record.key for record in resumed.store.evaluations()] == [record.key for record in records]


def test_a_campaign_ends_with_its_list_and_goes_on_when_the_list_grows(tmp_path: Path) -> None:
    few = {**GRID, "fractions": [0, 0.3, 1]}
    campaign, cluster = make(config(tmp_path, generator={"kind": "substances", "grid": few}))
    reason = "every substance of the list is evaluated, 3 here"
    assert campaign.run() == reason
    assert campaign.store.campaign().stop_reason == reason
    assert {record.psmiles for record in campaign.store.evaluations()} == {
        "*CC*", "*CC(*)c1ccccc1", "*CC* + *CC(*)c1ccccc1 (random 0.7:0.3)",
    }  # fmt: skip
    campaign.close()
    again, cluster = make(config(tmp_path, generator={"kind": "substances", "grid": few}))
    assert again.run() == reason
    assert not cluster.closed  # it was never started
    with pytest.raises(CampaignFailed, match="every substance of the list is evaluated or pending"):
        again.ask()
    again.close()
    longer = {**few, "fractions": [0, 0.3, 0.31, 1]}
    grown, cluster = make(config(tmp_path, generator={"kind": "substances", "grid": longer}))
    assert grown.run() == "every substance of the list is evaluated, 4 here"
    assert len(cluster.submitted) == 1


def test_the_first_ones_are_drawn_with_the_seed_whatever_the_order_of_the_list() -> None:
    listed = listed_candidates(config(Path("x")).generator.listed(), "list")
    keys = [one.key for one in drawn(listed, 6, 1)]
    assert [one.key for one in drawn(listed[::-1], 6, 1)] == keys
    assert [one.key for one in drawn(listed, 6, 2)] != keys
    assert [one.key for one in drawn(listed, 3, 1)] == keys[:3]
    assert len(drawn(listed, 99, 1)) == 21


@pytest.fixture
def mixed(tmp_path: Path) -> Campaign:
    """Return a finished campaign that listed a homopolymer, two copolymers and a liquid."""
    settings = config(
        tmp_path / "run",
        generator={"kind": "ngram_smc"},
        initial={"kind": "list", "psmiles": ["*CCO*"], "substances": [RANDOM, ALTERNATING, ETHANOL]},
        stop={"evaluations": 4},
    )
    (tmp_path / "mixed.yaml").write_text(json.dumps(settings.document()))
    campaign, cluster = make(settings)
    campaign.run()
    assert [job.substance["kind"] for job in cluster.submitted] == ["homopolymer", "copolymer", "copolymer", "liquid"]
    return campaign


def test_a_store_gives_back_what_was_evaluated(mixed: Campaign) -> None:
    records = mixed.store.evaluations()
    expected = [Homopolymer(RepeatUnit.from_psmiles("*CCO*")), *map(read_substance, (RANDOM, ALTERNATING, ETHANOL))]
    assert [substance_of_record(record) for record in records] == expected
    assert [(record.key, record.psmiles) for record in records] == [(one.key, one.label) for one in expected]
    assert records[0].substance is None
    assert records[1].substance == RANDOM
    assert records[3].substance == {"kind": "liquid", "smiles": "CCO"}
    with mixed.store.engine.connect() as connection:
        stored = connection.execute(text("SELECT substance IS NULL FROM candidate ORDER BY id")).scalars().all()
    assert stored == [1, 0, 0, 0]
    assert [record.novelty for record in records] == ["known", "", "", ""]
    assert [record.in_corpus for record in records] == [True, False, False, False]


def test_surrogates_learn_from_copolymers_and_not_from_liquids(mixed: Campaign) -> None:
    seen = observations_of(mixed.store.evaluations(), ["density"], "md-quick-2")
    by_key = dict(zip((unit.key for unit in seen.units), seen.values["density"], strict=True))
    assert len(by_key) == 3
    assert by_key[read_substance(RANDOM).key] == pytest.approx(1.2 - BEST**2)


def test_a_list_that_the_surrogates_cannot_describe_is_all_that_is_evaluated(mixed: Campaign) -> None:
    mixed.withdraw(evaluation=4, reason="the cell boiled")
    settings = mixed.config
    mixed.close()
    campaign, cluster = make(settings)
    assert campaign.run() == "every substance of the list is evaluated, 3 here"  # nothing is chosen in its place
    assert cluster.submitted == []


def test_results_are_found_by_label(mixed: Campaign) -> None:
    label = read_substance(RANDOM).label
    mixed.correct("density", 0.91, polymer=label, reason="a slip")
    assert mixed.store.evaluations()[1].measured("density").value == 0.91
    (record,) = mixed.withdraw(polymer="CCO (liquid)", reason="boiled")
    assert record.psmiles == "CCO (liquid)"
    assert mixed.store.evaluations()[3].state == "withdrawn"
    with pytest.raises(InvalidRequest, match="CCN"):
        mixed.withdraw(polymer="CCN (liquid)", reason="never evaluated")


def test_the_same_fractions_are_shared_between_campaigns_and_no_others(tmp_path: Path) -> None:
    other = {**RANDOM, "sequence": {"kind": "random", "fractions": [0.5, 0.5]}}
    store = str(tmp_path / "store.sqlite")
    for name, second in (("ada", ALTERNATING), ("bob", other)):
        listed = {"kind": "list", "substances": [RANDOM, second]}
        settings = config(tmp_path / name, name=name, store=store, initial=listed, stop={"evaluations": 2})
        campaign, cluster = make(settings)
        campaign.run()
        records = campaign.store.evaluations()
        campaign.close()
        assert [record.state for record in records] == ["done", "done"]
    assert [job.substance for job in cluster.submitted] == [other]
    assert [record.shared_from is not None for record in records] == [True, False]


def test_candidates_of_a_grid_are_asked_for_and_told_by_number_or_label(tmp_path: Path) -> None:
    grid = {**GRID, "fractions": [0.2, 0.4, 0.6, 0.8]}
    settings = config(
        tmp_path,
        generator={"kind": "substances", "grid": grid},
        initial={"kind": "prior", "evaluations": 2},
        cluster={"kind": "outside", "fidelity": "experiment"},
    )
    with Campaign(settings) as campaign:
        asked = campaign.ask(2)
        assert [record.step for record in asked] == ["initial"] * 2
        assert all(record.substance is not None for record in asked)
        row = {"property": "density", "stderr": "0.01", "unit": "g/cm3"}
        rows = [
            {**row, "candidate": str(asked[0].ordinal), "psmiles": asked[0].psmiles, "value": "1.0"},
            {**row, "psmiles": asked[1].psmiles, "value": "1.1"},
        ]
        assert campaign.tell(enumerate(rows, 1)).refused == ()
        others = campaign.ask(5)
        assert len(others) == 2
        assert all(record.predicted for record in others)
        with pytest.raises(CampaignFailed, match="report the pending results"):
            campaign.ask()
        wrong = {**row, "candidate": str(asked[0].ordinal), "psmiles": asked[1].psmiles, "value": "1.0"}
        (refused,) = campaign.tell([(1, wrong)]).refused
        assert asked[0].psmiles in str(refused)
        assert campaign.finished_reason() is None  # two are reserved
        told = [(n, {**row, "psmiles": one.psmiles, "value": "1.05"}) for n, one in enumerate(others, 1)]
        campaign.tell(told)
        assert campaign.store.campaign().stop_reason == "every substance of the list is evaluated, 4 here"


def test_commands_name_every_kind(mixed: Campaign, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    label, folder = read_substance(RANDOM).label, str(tmp_path / "run")
    mixed.close()
    assert run(["status", folder, "--json"]) == 0
    front = json.loads(capfd.readouterr().out)["front"]
    assert front[0]["psmiles"] in {label, read_substance(ALTERNATING).label, "*CCO*", "CCO (liquid)"}
    assert run(["export", folder]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [row["psmiles"] for row in rows] == ["*CCO*", label, read_substance(ALTERNATING).label, "CCO (liquid)"]
    assert [row["novelty"] for row in rows] == ["known", "", "", ""]
    assert run(["backup", folder, str(tmp_path / "copy.sqlite")]) == 0
    assert run(["compare", folder, str(tmp_path / "copy.sqlite"), "--out", str(tmp_path / "compare.html")]) == 0
    assert run(["status", str(tmp_path / "copy.sqlite")]) == 0
    assert run(["validate", str(tmp_path / "mixed.yaml")]) == 0
    assert "4 substances listed" in capfd.readouterr().out


def test_report_and_page_draw_units_side_by_side(mixed: Campaign, tmp_path: Path) -> None:
    page = write_report(mixed.store, mixed.config, tmp_path / "report.html").read_text()
    assert read_substance(RANDOM).label in page
    assert "CCO (liquid)" in page
    shown = context(mixed.store, mixed.config)
    assert {"value": "4", "label": "substances measured"} in shown["tiles"]
    assert "of them new" not in {tile["label"] for tile in shown["tiles"]}  # no corpus holds copolymers
    drawings = [card["svg"] for card in sorted(shown["evaluated"], key=lambda card: card["ordinal"])]
    assert len(set(drawings)) == 3  # the two copolymers have the same units
    assert drawings[1] == drawings[2] == structure_svg(("*CC*", "*CCO*"))
    view = Gatherer(mixed.store, mixed.config).view()
    assert {point.structures for point in view.points} == {("*CCO*",), ("*CC*", "*CCO*"), ("CCO",)}
    letters = [float(x) for x in re.findall(r'd="M([\d.]+) [^"]*" fill="(?!none)', structure_svg(("*CC*", "*CCO*")))]
    swapped = [float(x) for x in re.findall(r'd="M([\d.]+) [^"]*" fill="(?!none)', structure_svg(("*CCO*", "*CC*")))]
    assert min(letters) > 130 > max(swapped)  # the only letter is the O of the unit that is written last, or first
    assert structure_svg(()) == ""
    assert "<svg" in mixed.pareto_front()._repr_html_()


def test_a_report_repeats_one_evaluation_by_a_command_that_means_the_same(mixed: Campaign) -> None:
    for record in mixed.store.evaluations():
        command = shlex.split(str(repeat_command(record, mixed.config)))
        options = dict(pairwise(command))
        structures = command[2 : next(i for i, word in enumerate(command) if word.startswith("--"))]
        meant = of_command_line(structures, options.get("--sequence"), options.get("--fractions"))
        assert meant.key == record.key
    assert "designer simulate '*CC*' '*CCO*' --sequence random --fractions 0.25,0.75 --preset quick" in str(
        repeat_command(mixed.store.evaluations()[1], mixed.config)
    )


def test_what_cannot_be_measured_of_a_listed_substance_is_refused_at_once(tmp_path: Path) -> None:
    listed = {"kind": "list", "substances": [ETHANOL]}
    settings = config(
        tmp_path, initial=listed, stop={"evaluations": 1}, simulation={"properties": ["density", "sa_score"]}
    )
    campaign, cluster = make(settings)
    with pytest.raises(InvalidConfig, match=r"'CCO \(liquid\)' cannot be measured as configured: sa_score"):
        campaign.run()
    assert not cluster.closed


def test_fractions_one_and_zero_are_homopolymers_and_keys_are_those_of_a_list() -> None:
    grid = {"units": ["*CC*", "*CS*"], "second": "*CCO*", "fractions": [0, 0.7, 1]}
    found = config(Path("x"), generator={"kind": "substances", "grid": grid}).generator.listed()
    by_hand = {**RANDOM, "sequence": {"kind": "random", "fractions": [0.3, 0.7]}}
    assert [one.key for one in found] == [
        "*C*", read_substance(by_hand).key, "*CCO*", "*CS*", read_substance({**by_hand, "units": ["*CS*", "*CCO*"]}).key,
    ]  # fmt: skip
    assert isinstance(read_substance(ETHANOL), Liquid)
    assert np.isclose(sum(found[1].unit_fractions), 1.0)
