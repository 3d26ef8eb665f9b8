"""A laboratory in the loop: candidates go out, results come back, and the export holds them with their provenance."""

import csv
import errno
import io
import json
import os
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import update

from designer import Campaign, CampaignConfig
from designer.campaign.observations import observations_of
from designer.campaign.proposal import Proposal
from designer.cli.main import run
from designer.config import load_config
from designer.digests import outside_digest
from designer.errors import CampaignFailed, InvalidRequest
from designer.results import Refused, read_rows
from designer.store import EvaluationRecord
from designer.store.orm import EvaluationRow
from generators import Candidate
from mdcore.chem import RepeatUnit

CONFIG = """
name: bench
folder: {folder}
objectives: [{{property: refractive_index}}, {{property: glass_transition_temperature, direction: target, value: 400}}]
initial: {{kind: list, psmiles: ['*CC*', '*CCO*', '*CC(*)C', '*CC(*)c1ccccc1']}}
corpus: {{reactions: false}}
generator: {{order: 4, pool: 16, smc: {{particles: 32, max_top_up: 5}}}}
constraints: {{max_heavy_atoms: 8, elements: [H, C, O]}}
cluster: {{kind: outside}}
stop: {{evaluations: {evaluations}}}
"""


class Ethers:
    """Proposes longer and longer polyethers; remembers what it was told of what is pending."""

    def __init__(self) -> None:
        self.pending: list[int] = []

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        self.pending.append(sum(record.state == "reserved" for record in records))
        units = [RepeatUnit.from_psmiles(f"*{'C' * length}O*") for length in range(1, 50)]
        free = [unit for unit in units if unit.key not in taken]
        return [Proposal(Candidate(unit, None, "test"), in_corpus=False, step="initial") for unit in free[:n]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "bench.yaml"
    path.write_text(CONFIG.format(folder=tmp_path / "run", evaluations=6))
    return path


@pytest.fixture
def campaign(config: Path) -> Campaign:
    campaign = Campaign(load_config(config), proposer=Ethers())
    yield campaign
    campaign.store.close()


def lines(*rows: dict[str, object]) -> list[tuple[int, dict[str, object]]]:
    return list(enumerate(rows, start=2))


def index(candidate: int, value: float = 1.5, **more: object) -> dict[str, object]:
    return {"candidate": candidate, "property": "refractive_index", "value": value, "stderr": 0.01, "unit": "1"} | more


def test_what_is_asked_for_is_reserved_and_pending(campaign: Campaign) -> None:
    first = campaign.ask(2, days=3)
    assert [record.state for record in first] == ["reserved", "reserved"]
    assert first[0].reserved_until == pytest.approx(time.time() + 3 * 86400, abs=60)
    second = campaign.ask(2)
    assert not {record.key for record in first} & {record.key for record in second}
    assert campaign._proposer.pending == [0, 2]
    with pytest.raises(CampaignFailed, match=r"stop.evaluations allows 6 evaluations, which are finished or under way"):
        campaign.ask(5), campaign.ask(1)


def test_stale_reservations_expire_and_late_results_count(campaign: Campaign) -> None:
    (record,) = campaign.ask(1)
    with campaign.store.transaction() as session:
        session.execute(update(EvaluationRow).values(reserved_until=time.time() - 1))
    (again,) = campaign.ask(1)
    assert again.id == record.id  # free for whoever asks next
    with campaign.store.transaction() as session:
        session.execute(update(EvaluationRow).values(reserved_until=time.time() - 1))
    (other,) = campaign.ask(1, fidelity="md-other")
    assert other.key == record.key
    (late,) = (r for r in campaign.store.evaluations() if r.id == record.id)
    assert late.state == "expired"
    told = campaign.tell(lines(index(record.ordinal)))
    assert (told.recorded, told.refused) == (1, ())
    assert campaign.store.evaluations("done")[0].id == record.id


# Each case: what is told of candidate 1, whose refractive index was told before, and what the refusal must say.
BAD = [
    (index(99), ["candidate '99' is unknown", "designer ask"]),
    ({**index(1), "candidate": None, "psmiles": "*CS*"}, ["'*CS*' is not a candidate of this campaign"]),
    ({**index(1), "candidate": None, "psmiles": "*CC"}, ["*CC"]),
    (index(2, psmiles="*CO*"), ["candidate 2 is *CCO*, not *CO*", "correct one of them"]),
    (index(1, 1.7), ["refractive_index of this polymer is already recorded at experiment as 1.500 ± 0.010"]),
    (index(1, stderr=0.02), ["refractive_index of this polymer is already recorded at experiment"]),
    ({"candidate": 1, "failure": "broke"}, ["measurements at experiment are recorded", "which contradict a failure"]),
    (index("²"), ["candidate '²' is unknown"]),
    (index(2, note="a\0b"), ["contains a character that databases cannot store"]),
    (index(2, property="refractive_indx"), ["refractive_indx", "refractive_index"]),
    (index(2, property="glass_transition_temperature", unit="g/cm3"), ["unit 'g/cm3' cannot be converted to 'K'"]),
    (index(2, property="glass_transition_temperature", unit=None, value=400), ["has no unit", "for example K"]),
    (index(2, property="glass_transition_temperature", unit="K", value=4e6), ["physically impossible (50 to 1500 K"]),
    (index(2, value="1,5"), ["value '1,5' is not a number"]),
    (index(2, value="nan"), ["is not a finite number"]),
    (index(2, stderr=-0.1), ["the standard error must be finite and not negative, got -0.1"]),
    (index(2, stderr=5.0), ["refractive_index 1.5 with the standard error 5 is uninformative"]),
    (index(2, value=-1.6), ["refractive_index -1.6 is physically impossible"]),
    (index(2, value="1_6"), ["value '1_6' is not a number; write it without underscores"]),
    (index(2, value=-999), ["code for a missing value, leave it empty"]),
    (
        index(2, property="glass_transition_temperature", unit="K", value=-54),
        ["if it is in degrees Celsius, write degC in the column unit"],
    ),
    (index(2, failure="broke"), ["a value and a failure"]),
    ({"property": "refractive_index", "value": 1.5}, ["no polymer is given"]),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A campaign with three candidates, one of them measured; for tests that record nothing."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "bench.yaml").write_text(CONFIG.format(folder=folder / "run", evaluations=6))
    campaign = Campaign(load_config(folder / "bench.yaml"), proposer=Ethers())
    campaign.ask(3)
    campaign.tell(lines(index(1)))
    yield campaign
    campaign.store.close()


@pytest.mark.parametrize(("row", "fragments"), BAD, ids=[fragments[0][:30] for _, fragments in BAD])
def test_a_bad_row_is_named_and_nothing_is_recorded(
    asked: Campaign, row: dict[str, object], fragments: list[str]
) -> None:
    campaign = asked
    before = campaign.store.evaluations(), campaign.store.events()
    told = campaign.tell(lines(row, index(2, 1.6), index(99), {"candidate": 3}))
    assert (told.recorded, told.already, told.empty) == (0, 0, 1)
    refused, other = told.refused
    assert (refused.line, other.line) == (2, 4)  # every bad row, in the order of the file
    for fragment in fragments:
        assert fragment in refused.reason
    assert (campaign.store.evaluations(), campaign.store.events()) == before


def test_an_unusual_value_is_recorded_and_told(campaign: Campaign) -> None:
    campaign.ask(1)
    told = campaign.tell(lines(index(1, 2.2)))
    assert (told.recorded, told.refused) == (1, ())
    assert told.unusual == (Refused(2, "refractive_index 2.2 is outside the usual 1.25 to 2"),)


def test_a_file_may_be_told_again(campaign: Campaign) -> None:
    campaign.ask(3)
    tg = {"candidate": 1, "property": "glass_transition_temperature", "value": 100, "stderr": 2, "unit": "degC"}
    failure = {"candidate": 2, "failure": "does not dissolve"}
    told = campaign.tell(lines(index(1), index(1), failure, failure, {"candidate": 3, "value": ""}))
    assert (told.recorded, told.already, told.empty, told.refused) == (2, 2, 1, ())
    before = campaign.store.evaluations()
    told = campaign.tell(lines(index(1), tg | {"value": 373.15, "unit": "K"}, failure))
    assert (told.recorded, told.already) == (1, 2)
    told = campaign.tell(lines(tg, failure, index(1), index(3, 1.4)))
    assert (told.recorded, told.already, told.refused) == (1, 3, ())
    after = {record.ordinal: record for record in campaign.store.evaluations()}
    assert [m.value for m in after[1].measurements] == [1.5, 373.15]
    assert after[2] == before[1]
    assert [event.message for event in campaign.store.events() if event.kind == "told"] == [
        f"{n} results measured outside were recorded" for n in (2, 1, 1)
    ]


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (
            (index(1), {"candidate": 1, "failure": "broke"}),
            ["this row has a value and line 3 a failure", "this row has a failure and line 2 a value"],
        ),
        ((index(1, 1.5), index(1, 1.7)), ["", "line 2 has another value for the same polymer and property"]),
        (
            ({"candidate": 1, "failure": "broke"}, {"candidate": 1, "failure": "burnt"}),
            ["", "line 2 has another value"],
        ),
    ],
)
def test_rows_of_one_file_that_contradict_each_other_are_refused(
    campaign: Campaign, rows: tuple[dict[str, object], ...], reasons: list[str]
) -> None:
    campaign.ask(1)
    told = campaign.tell(lines(*rows))
    assert told.recorded == 0
    assert {row.line: row.reason[: len(reason)] for row in told.refused for reason in [reasons[row.line - 2]]} == {
        line: reason for line, reason in enumerate(reasons, start=2) if reason
    }
    assert [record.state for record in campaign.store.evaluations()] == ["reserved"]


def test_the_command_tells_what_became_of_a_file(
    campaign: Campaign, config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    campaign.ask(2)
    campaign.close()
    sheet = tmp_path / "sheet.csv"
    heading = "candidate,property,value,stderr,unit\n"
    sheet.write_text(
        heading + "1,refractive_index,1.5,0.01,1\n2,refractive_index,-3,0.01,1\n9,refractive_index,1.5,0.01,1\n"
    )
    assert run(["tell", str(config), str(sheet)]) == 2
    out, err = capfd.readouterr()
    assert [line.split(":")[0] for line in out.splitlines()] == ["line 3 rejected", "line 4 rejected"]
    assert f"error: nothing was recorded: 2 rows of {sheet} rejected" in err
    sheet.write_text(heading + "1,refractive_index,1.5,0.01,1\n2,refractive_index,,,1\n")
    for expected in (
        "1 result recorded, 1 row without a value",
        "0 results recorded, 1 already recorded, 1 row without a value",
    ):
        assert run(["tell", str(config), str(sheet)]) == 0
        assert capfd.readouterr().out.strip() == expected
    assert run(["tell", str(config), str(sheet), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["already_recorded"] == 1


@pytest.mark.parametrize("where", ["absent/x.csv", "file.txt/x.csv", ".", "/proc/x.csv"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_cannot_be_written_is_not_reserved(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], where: str, form: str
) -> None:
    (tmp_path / "file.txt").write_text("x")
    assert run(["ask", str(config), "--format", form, "--out", str(tmp_path / where)]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "; no candidate was reserved" in err
    assert "no candidate was reserved" in err
    with Campaign(load_config(config)) as campaign:
        assert campaign.store.evaluations() == ()


def test_a_disk_that_fills_gives_the_reservations_back(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = tmp_path / "sheet.csv"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert run(["ask", str(config), "--out", str(out)]) == 2
    assert "sheet.csv: the disk is full" in capfd.readouterr().err
    assert not out.exists()
    with Campaign(load_config(config)) as campaign:
        (before,) = campaign.store.evaluations()
        assert before.state == "expired"
    assert run(["ask", str(config), "--out", str(out)]) == 0
    assert out.read_text().splitlines()[1].split(",")[0] == str(before.ordinal)


def test_units_are_converted_and_properties_join(campaign: Campaign) -> None:
    campaign.ask(1)
    campaign.tell(lines(index(1)))
    tg = {"candidate": 1, "property": "glass_transition_temperature", "value": 100, "stderr": 2, "unit": "degC"}
    assert campaign.tell(lines(tg)).recorded == 1
    (record,) = campaign.store.evaluations("done")
    assert record.measured("glass_transition_temperature").value == pytest.approx(373.15)
    assert record.measured("glass_transition_temperature").stderr == pytest.approx(2.0)
    assert record.measured("refractive_index").provenance["source"] == "outside"
    observed = observations_of([record], ("refractive_index", "glass_transition_temperature"), "experiment")
    assert observed.fidelities == ("experiment",)
    assert observed.values["refractive_index"].tolist() == [1.5]


def test_a_failure_is_told_too(campaign: Campaign) -> None:
    campaign.ask(2)
    told = campaign.tell(lines({"candidate": 1, "failure": "does not dissolve"}, {"candidate": 2, "value": None}))
    assert (told.recorded, told.empty) == (1, 1)
    (record,) = campaign.store.evaluations("failed")
    assert (record.failure.kind, record.failure.message) == ("outside", "does not dissolve")
    (refused,) = campaign.tell(lines(index(1))).refused
    assert refused.reason.startswith(
        "a failure is recorded at experiment for this polymer (does not dissolve); pass --replace"
    )


def test_other_fidelities_are_kept_apart(campaign: Campaign) -> None:
    campaign.ask(1)
    campaign.tell(lines(index(1, 1.50), index(1, 1.48, fidelity="md-other")))
    records = campaign.store.evaluations("done")
    observed = observations_of(records, ("refractive_index",), "experiment")
    assert dict(zip(observed.fidelities, observed.values["refractive_index"].tolist(), strict=True)) == {
        "experiment": 1.50,
        "md-other": 1.48,
    }
    assert outside_digest("experiment") != outside_digest("md-other")


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("candidate,proprty,value\n1,refractive_index,1.5\n", "unknown column 'proprty'"),
        ("property,value\nrefractive_index,1.5\n", "no column identifies the polymer"),
        ("candidate,value\n1,2,3\n", "line 2: more cells than columns"),
        ('[{"candidate": 1', "is not valid JSON"),
        ('{"results": 3}', "results must be a list"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, fragment: str) -> None:
    path = tmp_path / "results.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=fragment):
        read_rows(path)


@pytest.mark.slow
def test_a_loop_of_ask_and_tell_alone(config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A made-up law of nature answers; the surrogates learn from it after the first candidates."""
    assert run(["run", str(config)]) == 2
    assert "designer ask" in capfd.readouterr().err
    steps = []
    for _ in range(3):
        sheet = tmp_path / "sheet.csv"
        assert run(["ask", str(config), "--n", "2", "--out", str(sheet)]) == 0
        rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
        assert len(rows) == 4  # two candidates, two properties
        for row in rows:
            atoms = RepeatUnit.from_psmiles(row["psmiles"]).n_heavy_atoms
            row["value"] = 1.4 + 0.02 * atoms if row["property"] == "refractive_index" else 20.0 * atoms
            row["stderr"], row["unit"] = 0.001, "1" if row["property"] == "refractive_index" else "degC"
        with sheet.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        capfd.readouterr()
        assert run(["tell", str(config), str(sheet), "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["recorded"] == 4
    campaign = Campaign(load_config(config))
    records = campaign.store.evaluations()
    steps = [record.step for record in records]
    assert steps == ["initial"] * 4 + ["acquisition"] * 2
    assert all(
        record.predicted.keys() == {"refractive_index", "glass_transition_temperature"} for record in records[4:]
    )
    assert campaign.store.campaign().stop_reason == "6 of 6 evaluations are finished"
    assert len(campaign.pareto_front()) >= 1
    campaign.store.close()
    assert run(["ask", str(config)]) == 1
    capfd.readouterr()
    assert run(["status", str(tmp_path / "run"), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["evaluations"]["done"] == 6

    store = str(tmp_path / "run")
    assert run(["export", store]) == 0
    table = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert len(table) == 12
    assert {row["unit"] for row in table} == {"1", "K"}
    assert {row["fidelity"] for row in table} == {"experiment"}
    assert all(json.loads(row["provenance"])["source"] == "outside" for row in table)
    parquet, document = tmp_path / "all.parquet", tmp_path / "all.json"
    assert run(["export", store, "--out", str(parquet)]) == 0
    assert run(["export", store, "--out", str(document)]) == 0
    import pandas as pd

    frame = pd.read_parquet(parquet)
    assert frame["value"].tolist() == pytest.approx([float(row["value"]) for row in table])
    assert [row["value"] for row in json.loads(document.read_text())["rows"]] == frame["value"].tolist()


def test_the_configuration_may_name_what_only_a_laboratory_measures(config: Path) -> None:
    text = config.read_text().replace("{kind: outside}", "{kind: local}")
    config.write_text(text.replace("glass_transition_temperature", "homo_lumo_gap").replace("value: 400", "value: 4"))
    with pytest.raises(ValueError, match="'homo_lumo_gap' cannot be measured by simulation"):
        load_config(config)
    assert CampaignConfig.model_fields["cluster"]


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", None])
def test_only_a_whole_number_of_candidates_can_be_asked_for(campaign: Campaign, n: object) -> None:
    with pytest.raises(InvalidRequest, match="number of candidates must be a positive integer"):
        campaign.ask(n)  # type: ignore[arg-type]
    assert campaign.store.evaluations() == ()


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), 36_501])
def test_a_reservation_lasts_a_possible_time(campaign: Campaign, days: float) -> None:
    with pytest.raises(InvalidRequest, match="days must be above 0"):
        campaign.ask(1, days=days)
    assert campaign.store.evaluations() == ()


def test_a_file_is_told_by_its_path(campaign: Campaign, tmp_path: Path) -> None:
    (record,) = campaign.ask(1)
    (tmp_path / "t.json").write_text(json.dumps([index(record.ordinal)]))
    assert campaign.tell(tmp_path / "t.json").recorded == 1
    assert campaign.tell(str(tmp_path / "t.json")).already == 1
