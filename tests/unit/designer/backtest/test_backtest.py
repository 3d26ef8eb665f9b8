"""`designer fit` and `designer backtest` on a small table."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from designer.backtest import Plan, oracle_of, run_plan, strategies_of, summarise
from designer.backtest.strategies import BASELINES
from designer.cli.main import run
from designer.config import config_from_mapping
from designer.data import read_table
from designer.errors import InvalidRequest
from mdcore.chem import RepeatUnit
from surrogates import load_surrogates
from surrogates.replay import Oracle, Replay

SIDES = ("C", "F", "Cl", "O", "OC", "C#N", "c1ccccc1", "C(=O)OC", "C(C)C", "CC", "N", "C(F)(F)F")
SMILES = tuple(f"*CC(*){a}" for a in SIDES) + tuple(f"*CC(*)(C){a}" for a in SIDES)
CONFIG = {
    "name": "small",
    "objectives": [{"property": "heat_capacity_cp"}, {"property": "refractive_index"}],
    "initial": {"kind": "prior", "evaluations": 4},
    "stop": {"evaluations": 12},
}


def values(smiles: str) -> tuple[float, float]:
    unit = RepeatUnit.from_psmiles(smiles)
    per_atom = unit.molar_mass_g_mol / unit.n_heavy_atoms
    return 30.0 / per_atom, 1.3 + 0.01 * unit.n_heavy_atoms


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "pool.csv"
    rows = [f"{s},{1000 * values(s)[0]:.6f},{values(s)[1]:.6f}" for s in SMILES]
    rows += [
        f"{SMILES[0]},{1000 * values(SMILES[0])[0] + 30:.6f},{values(SMILES[0])[1]}",
        "*CCCO*,-9999,1.4",
        "*CCN*,,1.4",
    ]
    path.write_text("\n".join(["smiles,Cp,refractive_index", *rows]) + "\n")
    return path


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps({**CONFIG, "folder": str(tmp_path / "run")}))  # JSON is YAML
    return path


def columns() -> list[str]:
    return ["--column", "Cp=heat_capacity_cp:J/kg/K"]


def test_an_oracle_joins_twins_keeps_failures_and_counts_the_rest(table: Path) -> None:
    from designer.data import parse_columns

    known = read_table(table, parse_columns(["Cp=heat_capacity_cp:J/kg/K"]))
    oracle, report = oracle_of(known, ("heat_capacity_cp", "refractive_index"))
    assert (report.polymers, report.failures, report.joined, report.unanswered, report.bad) == (25, 1, 1, 1, 0)
    first = float(known.rows[0].values["heat_capacity_cp"])
    assert oracle.values["heat_capacity_cp"][0] == pytest.approx(first + 0.015)
    # The standard error of two values that differ by d is d / 2.
    assert oracle.stderrs["heat_capacity_cp"][0] == pytest.approx(0.015, rel=1e-4)
    assert np.isnan(oracle.values["heat_capacity_cp"][-1])
    with pytest.raises(InvalidRequest, match="no column of 'density'"):
        oracle_of(known, ("density",))


def test_backtest_writes_curves_and_resumes(
    table: Path, campaign: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [word for name in (*BASELINES, "upper-bound") for word in ("--strategy", name)]
    call = ["backtest", str(campaign), "--oracle", str(table), *columns(), "--seeds", "2", "--batch", "4", *names]
    assert run([*call, "--workers", "1", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    folder = campaign.parent / "run" / "backtest"
    assert set(document["strategies"]) == {*BASELINES, "upper-bound"}
    assert (document["evaluations"], document["start"], document["seeds"]) == (8, {"random": 4}, [0, 1])
    assert document["strategies"]["random"]["seeds"] == 2
    assert json.loads((folder / "backtest.json").read_text()) == document
    with (folder / "curves.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    volumes = [
        float(row["median"]) for row in rows if row["strategy"] == "campaign" and row["quantity"] == "hypervolume"
    ]
    assert len(volumes) == 9
    assert volumes == sorted(volumes)
    assert all(float(row["p10"]) <= float(row["median"]) <= float(row["p90"]) for row in rows if row["median"])
    with (folder / "choices.csv").open() as stream:
        choices = list(csv.DictReader(stream))
    own = [row for row in choices if row["strategy"] == "campaign" and row["seed"] == "0"]
    assert len({row["psmiles"] for row in own}) == 8
    known = {RepeatUnit.from_psmiles(s).psmiles: values(s) for s in SMILES[1:]}
    for row in own:
        if row["psmiles"] in known:
            assert float(row["heat_capacity_cp"]) == pytest.approx(known[row["psmiles"]][0], rel=1e-5)
    for name in ("hypervolume", "front", "best_heat_capacity_cp", "best_refractive_index"):
        assert (folder / f"{name}.png").stat().st_size > 5000

    def never(self: Plan, position: int, seed: int) -> Replay:
        raise AssertionError("a finished replay was run again")

    monkeypatch.setattr(Plan, "replay", never)
    assert run([*call, "--workers", "1"]) == 0
    assert "never" in capfd.readouterr().out or document["front"] < 3
    with pytest.raises(AssertionError, match="run again"):
        run([*call, "--workers", "1", "--fresh"])


def plan(seeds: tuple[int, ...], folder: Path) -> Plan:
    config = config_from_mapping({**CONFIG, "folder": str(folder)}, answered=True)
    units = tuple(RepeatUnit.from_psmiles(s) for s in SMILES)
    cp, index = np.array([values(s) for s in SMILES]).T
    oracle = Oracle(units, {"heat_capacity_cp": cp, "refractive_index": index})
    strategies = strategies_of(("expected", "random"), config, units)
    return Plan(oracle, config.objective_list(), (), strategies, seeds, 8, 4, 4)


@pytest.mark.slow
def test_processes_change_nothing(tmp_path: Path) -> None:
    told: list[int] = []
    ours = plan((3, 4), tmp_path)
    many = run_plan(ours, tmp_path / "two", 2, lambda replay, done, total: told.append(done))
    one = run_plan(ours, tmp_path / "one", 1)
    assert told == [1, 2, 3, 4]
    for a, b in zip(many, one, strict=True):
        assert (a.strategy, a.seed) == (b.strategy, b.seed)
        np.testing.assert_array_equal(a.order, b.order)
    # Strategies with the same seed start from the same units.
    np.testing.assert_array_equal(one[0].start, one[1].start)


def test_summary_of_replays_by_hand(tmp_path: Path) -> None:
    ours = plan((0, 1), tmp_path)

    def made(seed: int, volume: list[float], found: list[int]) -> Replay:
        rows = np.arange(8)
        return Replay("random", seed, np.arange(20, 24), rows, np.array(found), np.array(volume))

    rise = [0.1, 0.2, 0.5, 0.85, 0.85, 0.95, 1.0, 1.0, 1.0]
    late = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.85, 0.85]
    lone = Plan(**{**vars(ours), "strategies": ours.strategies[1:]})
    summary = summarise(lone, [made(0, rise, [0] * 6 + [9] * 3), made(1, late, [0] * 9)])
    random = summary.strategies[0]
    assert random.to_share == (5.0, None, None, None)  # of the two seeds, one never gets to 90 %
    assert random.area == pytest.approx((np.mean(rise[1:]) + np.mean(late[1:])) / 2)
    hypervolume = random.curves[0]
    assert hypervolume.median[7] == pytest.approx(0.925)
    best = next(c for c in random.curves if c.quantity == "best refractive_index")
    assert best.median[0] == pytest.approx(max(values(s)[1] for s in SMILES[20:24]))


def test_known_polymers_leave_the_pool_and_limits_the_front(
    table: Path, campaign: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known.csv"
    known.write_text("\n".join(table.read_text().splitlines()[:4]) + "\n")
    low = 1.36
    document = json.loads(campaign.read_text())
    document["objectives"][0]["region"] = {"low": 1.0}
    document["objectives"][1]["region"] = {"low": low}
    campaign.write_text(json.dumps({**document, "limits": [{"property": "refractive_index", "low": low}]}))
    call = ["backtest", str(campaign), "--oracle", str(table), *columns(), "--known", str(known), "--workers", "1"]
    assert run([*call, "--seeds", "1", "--batch", "4", "--evaluations", "6", "--strategy", "expected", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["start"] == {"known": 3}
    folder = campaign.parent / "run" / "backtest"
    with (folder / "choices.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 6
    start = {RepeatUnit.from_psmiles(line.split(",")[0]).psmiles for line in known.read_text().splitlines()[1:]}
    assert not start & {row["psmiles"] for row in rows}
    # Only polymers inside the limit can be on the front.
    inside = np.array([float(row["refractive_index"] or 0) >= low for row in rows])
    gains = np.diff([0.0, *(float(row["front_found"]) for row in rows)])
    assert (gains[~inside] == 0).all()
    assert inside.any()
    assert (folder / "hits.png").exists()


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (["--strategy", "greedy"], ["'greedy' is unknown", "ehvi-rbf"]),
        (["--strategy", "random", "--strategy", "random"], ["is given twice"]),
        (["--seeds", "0"], ["--seeds must be at least 1", "got 0"]),
        (["--start", "30"], ["25 polymers", "lower --start"]),
        (["--smiles", "structure"], ["--smiles 'structure' is not a column of the file"]),
    ],
)
def test_bad_requests_are_one_line(
    table: Path, campaign: Path, words: list[str], fragments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["backtest", str(campaign), "--oracle", str(table), *columns(), "--workers", "1", *words]) == 2
    out, err = capfd.readouterr()
    line = err.strip().splitlines()[-1]
    assert out == ""
    assert line.startswith("error: ")
    for fragment in fragments:
        assert fragment in line


def test_fit_cross_validates_and_keeps_the_model(
    table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "fit"
    call = ["fit", str(table), "--property", "heat_capacity_cp", "--folds", "3", "--out", str(folder), *columns()]
    assert run([*call, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    found = document["properties"]["heat_capacity_cp"]
    assert (found["by_key"]["n"], document["failures"]) == (25, 1)
    assert found["by_key"]["r2"] > 0.5
    assert set(found["by_cluster"]["coverage"]) == {"0.5", "0.8", "0.95"}
    assert found["leave_one_out"]["n"] == 25
    # The duplicated polymer predicts its twin if only one of them is left out; folds never separate them.
    assert 0 < found["leave_one_out"]["mae"] < found["by_cluster"]["mae"]
    with (folder / "predictions_heat_capacity_cp_key.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    error = np.mean([abs(float(r["measured"]) - float(r["predicted"])) for r in rows])
    assert error == pytest.approx(found["by_key"]["mae"], rel=1e-4)
    for name in ("parity", "calibration"):
        assert (folder / f"{name}_heat_capacity_cp_cluster.png").stat().st_size > 5000
    model = load_surrogates(folder / "model.json")
    unit = RepeatUnit.from_psmiles(SMILES[3])
    assert model.predict([unit]).mean[0, 0] == pytest.approx(values(SMILES[3])[0], rel=0.05)
    assert run(call) == 0
    out = capfd.readouterr().out
    assert "Isobaric heat capacity" in out
    assert [words in out for words in ("whole polymers", "whole clusters", "one value each")] == [True] * 3


def test_fit_refuses_what_it_cannot_judge(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    few = tmp_path / "few.csv"
    few.write_text("smiles,density\n*CC*,0.9\n*CCO*,1.1\n")
    for words, fragment in (
        (["fit", str(few)], "has density of 2 polymers"),
        (["fit", str(few), "--property", "densty"], "did you mean density?"),
        (["fit", str(table), "--property", "density"], "has no column of 'density'"),
        (["fit", str(few), "--groups", "none"], "use key, cluster, both"),
        (["fit", str(few), "--features", "magic"], "use one of both"),
        (["fit", str(tmp_path / "absent.csv")], "does not exist"),
    ):
        assert run(words) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert fragment in err
        assert err.count("\n") == 1
