"""Corrections, withdrawals and repeats of known data."""

import json
from pathlib import Path

import pytest

from designer.cli.main import run
from designer.store import imported_records, open_store
from designer.store.corrections import author, corrections

WHY = "decimal point misplaced"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "lab.csv").write_text(
        "psmiles,density,density_stderr\n*CC*,0.9,0.01\n*CCO*,1.13,0.02\n*CCO*,1.15,0.02\n"
    )
    path = tmp_path / "store.sqlite"
    assert run(["import", str(tmp_path / "lab.csv"), str(path), "--fidelity", "experiment"]) == 0
    return path


def stored(path: Path) -> list[tuple[str, float | None, float]]:
    engine = open_store(path)
    found = [(r.psmiles, r.value, r.stderr) for r in imported_records(engine)]
    engine.dispose()
    return sorted(found)


def test_other_numbers_for_rows_that_are_there_are_never_dropped_silently(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "lab.csv"
    again = ["import", str(data), str(store), "--fidelity", "experiment"]
    assert run(again) == 0
    # The same bytes read in another unit are other values.
    lighter = [*again, "--column", "density=density:1.1 g/cm3", "--column", "density_stderr=density_stderr:1.1 g/cm3"]
    capfd.readouterr()
    assert run(lighter) == 2
    err = capfd.readouterr().err
    assert "was imported before with 3 other numbers (line 2: density 0.9 g/cm3 is stored, 0.99 g/cm3 was read)" in err
    assert "--replace" in err
    assert stored(store)[0] == ("*CC*", 0.9, 0.01)
    assert run([*lighter, "--replace"]) == 0
    assert stored(store)[0] == ("*CC*", pytest.approx(0.99), pytest.approx(0.011))
    engine = open_store(store)
    history = corrections(engine)
    engine.dispose()
    assert [(r.kind, r.old_value, r.about["line"]) for r in history] == [
        ("replaced", 0.9, 2), ("replaced", 1.13, 3), ("replaced", 1.15, 4),
    ]  # fmt: skip
    assert [r.new_value for r in history] == pytest.approx([0.99, 1.243, 1.265])
    assert all("lab.csv" in r.reason and r.who == author() for r in history)


def test_other_files_with_other_values_are_repeats_and_told(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.csv").write_text("psmiles,density\n*CC*,0.92\n*CCS*,1.1\n")
    capfd.readouterr()
    assert run(["import", str(tmp_path / "new.csv"), str(store), "--fidelity", "experiment"]) == 0
    out = capfd.readouterr().out
    assert "1 value differ from those of other files at experiment" in out.replace("differs", "differ")
    assert "designer withdraw STORE --source FILE" in out
    assert len(stored(store)) == 5


def test_corrections_and_withdrawals_of_known_data_outlast_the_same_import(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = str(store)
    wanted = ["--polymer", "*OCC*", "--property", "density", "--reason", WHY]
    capfd.readouterr()
    assert run(["correct", name, *wanted, "--value", "1.2"]) == 2
    err = capfd.readouterr().err
    assert "2 results match: lab.csv line 3 (density 1.13 at experiment), lab.csv line 4" in err
    assert "--source and --line" in err
    assert run(["correct", name, *wanted, "--value", "1.2", "--source", "lab.csv", "--line", "4"]) == 0
    assert "*CCO*: density at experiment 1.150 ± 0.020 g/cm3 corrected to 1.200 ± 0.020" in capfd.readouterr().out
    assert run(["withdraw", name, *wanted]) == 2
    assert "or pass --all" in capfd.readouterr().err
    assert run(["withdraw", name, *wanted, "--source", "lab.csv", "--line", "3", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["corrections"][0]["old_value"] == 1.13
    assert document["corrections"][0]["who"] == author()
    assert stored(store) == [("*CC*", 0.9, 0.01), ("*CCO*", 1.2, 0.02)]
    # The record of a store without a campaign.
    assert run(["export", name, "--corrections", "--format", "json"]) == 0
    rows = json.loads(capfd.readouterr().out)["rows"]
    assert [(r["kind"], r["old_value"], r["new_value"]) for r in rows] == [
        ("corrected", 1.15, 1.2), ("withdrawn", 1.13, None),
    ]  # fmt: skip
    assert run(["status", name]) == 2
    assert "the store has no campaign" in capfd.readouterr().err
    assert run(["import", str(tmp_path / "lab.csv"), name, "--fidelity", "experiment"]) == 0
    assert "1 value had been withdrawn" in capfd.readouterr().out
    assert stored(store) == [("*CC*", 0.9, 0.01), ("*CCO*", 1.2, 0.02)]
    # A whole file.
    assert run(["withdraw", name, "--source", "lab.csv", "--reason", "another polymer was in the bottle"]) == 0
    assert stored(store) == []
    assert run(["withdraw", name, "--source", "lab.csv", "--reason", "x"]) == 2
    capfd.readouterr()
    assert run(["import", str(tmp_path / "lab.csv"), name, "--fidelity", "experiment", "--replace"]) == 0
    assert "3 values had been corrected or withdrawn and were restored" in capfd.readouterr().out
    assert len(stored(store)) == 3


def test_rows_that_moved_take_corrections_away_and_say_so(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data, name = tmp_path / "lab.csv", str(store)
    one = ["--property", "density", "--source", "lab.csv", "--line", "2", "--reason", WHY]
    assert run(["correct", name, *one, "--value", "0.93"]) == 0
    heading, *rows = data.read_text().splitlines()
    data.write_text("\n".join([heading, *reversed(rows)]) + "\n")
    assert run(["import", str(data), name, "--fidelity", "experiment"]) == 2
    assert stored(store)[0] == ("*CC*", 0.93, 0.01)
    capfd.readouterr()
    assert run(["import", str(data), name, "--fidelity", "experiment", "--replace"]) == 0
    assert "1 value had been corrected or withdrawn and were restored" in capfd.readouterr().out
    engine = open_store(store)
    assert [(r.kind, r.old_value, r.new_value) for r in corrections(engine)] == [
        ("corrected", 0.9, 0.93), ("replaced", 0.93, 0.9),
    ]  # fmt: skip
    engine.dispose()
