"""Text from files, stores and machines: shown and not obeyed by terminals, kept as text by spreadsheets."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import designer
from designer import Campaign, CampaignConfig
from designer.cli.main import run
from designer.console import VisibleConsole
from designer.progress.live import LiveListener
from designer.progress.plain import PlainListener
from designer.store.records import EvaluationRecord
from designer.terminal import visible, visible_json
from generators import read_list
from generators.cells import TableWriter, as_meant, inert
from mdcore.chem import Failure, Measurement

HOSTILE = "a\x1b]0;owned\x07\x1b[2Jb\rok\x9b31m\u202egnp\u2066\x7f"
SHOWN = r"a\x1b]0;owned\x07\x1b[2Jb\rok\x9b31m\u202egnp\u2066\x7f".replace(r"\r", r"\x0d")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def hostile_store(folder: Path) -> Path:
    document = {
        "name": "trial",
        "folder": str(folder),
        "objectives": [{"property": "density"}],
        "stop": {"evaluations": 9},
    }
    with Campaign(CampaignConfig.model_validate(document)) as campaign:
        for psmiles, outcome in (
            ("*CC*", (Measurement("density", 0.9, 0.01, "g/cm3", "md-quick-2", {"platform": HOSTILE}),)),
            ("*CO*", Failure("exploded", HOSTILE)),
        ):
            record = campaign.store.propose(
                key=psmiles, psmiles=psmiles, origin=f"={HOSTILE}", log_prior=None, in_corpus=True, step="initial",
                settings_digest=campaign.config.settings_digest(), acquisition=None, predicted={},
            )  # fmt: skip
            campaign.store.finish(record.id, outcome, worker="@w", wall_s=1.0, diagnostics={}, provenance={})
    return folder / "store.sqlite"


def test_control_characters_are_shown_and_json_keeps_them() -> None:
    assert visible(HOSTILE) == SHOWN
    assert visible("ρ = 1.05 g/cm³\tPÄ\n") == "ρ = 1.05 g/cm³\tPÄ\n"
    document = visible_json(json.dumps({HOSTILE: [HOSTILE]}, ensure_ascii=False))
    assert not CONTROL.search(document)
    assert json.loads(document) == {HOSTILE: [HOSTILE]}


def test_no_command_sends_control_characters_of_a_store(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = hostile_store(tmp_path / "run")
    for command in (
        ["status"],
        ["status", "--json"],
        ["export"],
        ["export", "--format", "json"],
        ["compare", str(store)],
    ):
        run([command[0], str(store), *command[1:]])
        out, err = capfd.readouterr()
        assert not CONTROL.search(out + err), command
        if command == ["status"]:
            assert SHOWN in out
        if "--json" in command:
            assert json.loads(out)["failures"][0]["message"] == HOSTILE
    assert run(["withdraw", str(store), "--evaluation", "1", "--reason", HOSTILE]) == 0
    assert run(["status", str(store)]) == 0
    assert capfd.readouterr().out.count(SHOWN) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [f"export {HOSTILE}"], ["export", HOSTILE], ["status", "x", "--campaign", HOSTILE], ["route", HOSTILE],
        ["simulate", f"*CC*{HOSTILE}"], [f"--{HOSTILE}"], ["predict", HOSTILE, HOSTILE], ["validate", f"{HOSTILE}.yaml"],
    ],
)  # fmt: skip
def test_no_error_sends_control_characters(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    out, err = capfd.readouterr()
    assert not CONTROL.search(out + err)
    assert err.count("\n") == 1


def test_what_is_left_out_is_told_without_control_characters(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.csv").write_text(f'smiles,name\nC=CC(=O)OC,"{HOSTILE}"\nNC(=O)O,"{HOSTILE}"\n')
    assert run(["enumerate", str(tmp_path / "m.csv"), "--out", str(tmp_path / "out.csv")]) == 0
    out, err = capfd.readouterr()
    assert r"\x1b[2J" in err
    assert not CONTROL.search(out + err)


def test_listeners_send_their_own_colours_only(tmp_path: Path) -> None:
    config = {"name": "x", "folder": str(tmp_path), "objectives": [{"property": "density"}], "stop": {"evaluations": 2}}
    with Campaign(CampaignConfig.model_validate(config)) as campaign:
        made = campaign.store.propose(
            key="*CC*", psmiles="*CC*", origin=HOSTILE, log_prior=None, in_corpus=True, step="initial", settings_digest="d",
            acquisition=None, predicted={},
        )  # fmt: skip
        record: EvaluationRecord = campaign.store.finish(
            made.id, Failure("exploded", HOSTILE), worker="w", wall_s=1.0, diagnostics={}, provenance={}
        )
    plain = io.StringIO()
    PlainListener(plain).finished(record, ())
    assert not CONTROL.search(plain.getvalue())
    assert SHOWN in plain.getvalue()
    live = io.StringIO()
    listener = LiveListener(VisibleConsole(file=live, force_terminal=True, color_system="truecolor", width=400))
    listener.finished(record, ())
    listener.note(HOSTILE)
    own = re.sub(r"\x1b\[[0-9;]*m", "", live.getvalue())
    assert own != live.getvalue()
    assert not CONTROL.search(own)
    assert own.count(r"a\x1b]0;owned") == 2


def test_brackets_in_tables_are_text() -> None:
    from rich.table import Table

    table = Table("[bold]x[/]", ":smile:")
    table.add_row("[R]", "\x1b[31m")
    stream = io.StringIO()
    VisibleConsole(file=stream, width=80).print(table)
    assert all(text in stream.getvalue() for text in ("[bold]x[/]", ":smile:", "[R]", r"\x1b[31m"))


# ---- spreadsheets


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("-x", "'-x"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"), ("-1+2", "'-1+2"), ("'=1", "''=1"), ("*CC*", "*CC*"), ("-1.5e-3", "-1.5e-3"), ("+3", "+3"), ("-.5", "-.5"),
        ("-inf", "-inf"), (-2.5, -2.5), (None, None), ("'quoted'", "'quoted'"), ("2-ethyl", "2-ethyl"), ("", ""),
    ],
)  # fmt: skip
def test_cells_that_would_start_a_formula_are_text(cell: object, written: object) -> None:
    assert inert(cell) == written
    if isinstance(cell, str):
        assert as_meant(str(written)) == cell


@given(st.text(alphabet="'=+-@\t\r\n1e.x*", max_size=6))
def test_every_cell_is_read_back_as_it_was(cell: str) -> None:
    assert as_meant(str(inert(cell))) == cell


def test_what_a_command_writes_is_read_back_the_same(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = hostile_store(tmp_path / "run")
    names = ["=HYPERLINK(1)", "-unsaturated", "@home", "'=x", "-5", "plain"]
    units = [f"*{'C' * n}O*" for n in range(2, 8)]
    with (tmp_path / "list.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("psmiles", "name"), *zip(units, names, strict=True)])
    assert run(["predict", str(store), str(tmp_path / "list.csv"), "--out", str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1)", "'-unsaturated", "'@home", "'=x", "-5", "plain"]
    assert [row["psmiles"] for row in rows] == units
    assert [entry.name for entry in read_list(tmp_path / "out.csv")] == [
        "=HYPERLINK(1)",
        "-unsaturated",
        "@home",
        "=x",
        "-5",
        "plain",
    ]
    capfd.readouterr()
    assert run(["export", str(store), "--out", str(tmp_path / "export.csv")]) == 0
    with (tmp_path / "export.csv").open(newline="") as stream:
        exported = list(csv.DictReader(stream))
    assert [row["origin"] for row in exported] == [f"'={HOSTILE}"] * 2
    assert [row["worker"] for row in exported] == ["'@w"] * 2
    assert exported[0]["value"] == "0.9"


def test_no_table_is_written_in_another_way() -> None:
    folder = Path(designer.__file__).parent
    assert [
        path for path in folder.rglob("*.py") if re.search(r"csv\.(writer|DictWriter)|\.to_csv\(", path.read_text())
    ] == []
    stream = io.StringIO()
    TableWriter(stream).rows([["a", 1], [None, "=b"]])
    assert stream.getvalue() == "a,1\n,'=b\n"
