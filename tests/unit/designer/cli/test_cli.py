import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from designer import Campaign, CampaignConfig
from designer.cli.generate import parse_targets
from designer.cli.main import run
from designer.cli.output import answer_stream, write_json
from designer.cli.simulate import _settings
from designer.errors import InvalidRequest
from designer.store import engine as connections
from mdcore.chem import Failure, Measurement
from mdcore.measure import SimulationResult

CONFIG = """
name: trial
seed: 5
folder: {folder}
objectives:
  - property: refractive_index
  - property: abbe_number
stop: {{evaluations: 2}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "campaign.yaml"
    path.write_text(CONFIG.format(folder=tmp_path / "run"))
    return path


@pytest.fixture
def finished(config: Path) -> Path:
    """A campaign of one measured polymer and one failure, recorded without a cluster."""
    document = {"name": "trial", "seed": 5, "folder": str(config.parent / "run"), "stop": {"evaluations": 2}}
    objectives = [{"property": "refractive_index"}, {"property": "abbe_number"}]
    campaign = Campaign(CampaignConfig.model_validate({**document, "objectives": objectives}))
    ending = {"worker": "host:1", "wall_s": 61.0, "diagnostics": {}, "provenance": {}}
    for psmiles in ("*CC(*)c1ccccc1", "*CS*"):
        record = campaign.store.propose(
            key=psmiles, psmiles=psmiles, origin="smc step 2", log_prior=-4.0, in_corpus=False, step="initial",
            settings_digest=campaign.config.settings_digest(), acquisition=None, predicted={},
        )  # fmt: skip
        campaign.store.start(record.id)
        values = (
            Measurement("refractive_index", 1.59, 0.004, "1", "md-quick-2", {}),
            Measurement("abbe_number", 31.0, 0.3, "1", "md-quick-2", {}),
            Measurement("density", 1.02, 0.01, "g/cm3", "md-quick-2", {}),
        )
        campaign.store.finish(record.id, Failure("exploded", "hot") if psmiles == "*CS*" else values, **ending)
    campaign.store.close()
    return config


def only_error(capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


BAD_CALLS: list[tuple[Callable[[Path], list[str]], list[str]]] = [
    (lambda p: ["run", str(p / "absent.yaml")], ["absent.yaml", "does not exist", "give the path"]),
    (lambda p: ["run", str(p)], ["is a folder", "give the path"]),
    (lambda p: ["status", str(p / "absent.sqlite")], ["absent.sqlite", "does not exist", "designer run"]),
    (lambda p: ["report", str(p / "absent.sqlite")], ["absent.sqlite", "does not exist", "designer run"]),
    (lambda p: ["simulate", "*CC"], ["*CC"]),
    (lambda p: ["simulate", "*CC*", "--preset", "slow"], ["preset", "'slow'", "quick"]),
    (lambda p: ["simulate", "*CC*", "--properties", "density_"], ["density_", "density?"]),
    (
        lambda p: ["simulate", "*CC*", "--properties", "homo_lumo_gap"],
        ["homo_lumo_gap", "cannot be measured", "choose from"],
    ),
    (lambda p: ["simulate", "*CC*", "--properties", ","], ["--properties", "at least one"]),
    (lambda p: ["simulate", "*CC*", "--seed", "-1"], ["--seed must be at least 0", "got -1"]),
    (
        lambda p: ["simulate", "*CC*", "--set", "protocol.temperature_K=-3"],
        ["protocol.temperature_K", "-3", "greater than 0"],
    ),
    (lambda p: ["simulate", "*CC*", "--optics", "magic"], ["--optics", "'magic'", "additive"]),
    (lambda p: ["simulate", "*CC*", "--optics-density", "heavy"], ["--optics-density", "'heavy'", "simulated"]),
    (lambda p: ["simulate", "*CC*", "--set", "hotter"], ["'hotter'", "write it as"]),
    (lambda p: ["generate", "--n", "0"], ["--n must be at least 1", "got 0"]),
    (lambda p: ["generate", "--target", "refractive_index=1.6"], ["--target", "write it as"]),
    (lambda p: ["generate", "--target", "refractive_idx>1.6"], ["refractive_idx", "refractive_index?"]),
    (lambda p: ["generate", "--sharpness", "0"], ["--sharpness must be above 0", "got 0"]),
    (lambda p: ["generate", "--best-of", "0.5"], ["--best-of must be at least 1", "got 0.5"]),
    (lambda p: ["generate", "--diversity", "0.7"], ["--diversity", "add --best-of"]),
    (lambda p: ["generate", "--diversity", "1", "--best-of", "2"], ["--diversity must be", "below 1, got 1"]),
    (lambda p: ["generate", "--sharpness", "4"], ["--sharpness", "add --target"]),
    (lambda p: ["generate", "--target", "refractive_index>1.6"], ["needs a surrogate", "--store"]),
    (lambda p: ["simulat"], ["simulat", "--help"]),
    (lambda p: ["run"], ["config", "--help"]),
]


@pytest.mark.parametrize(("call", "fragments"), BAD_CALLS, ids=[" ".join(call(Path("P"))) for call, _ in BAD_CALLS])
def test_bad_input_is_one_line_and_status_2(
    call: Callable[[Path], list[str]], fragments: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(call(tmp_path)) == 2
    message = only_error(capfd)
    for fragment in fragments:
        assert fragment in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "fragment"),
    [
        ("objectives:", "objective:", "did you mean 'objectives'?"),
        ("abbe_number", "abe_number", "did you mean abbe_number?"),
        ("seed: 5", "simulation: {protocol: {temperature_K: -10}}", "greater than 0"),
        ("seed: 5", "initial: {kind: list, psmiles: ['CC']}", "initial.psmiles"),
        ("seed: 5", "seed: 6", "differs from the stored one in seed; choose a new name"),
    ],
)
def test_a_wrong_configuration_leaves_the_store_untouched(
    finished: Path, old: str, new: str, fragment: str, capfd: pytest.CaptureFixture[str]
) -> None:
    store = finished.parent / "run" / "store.sqlite"
    before = store.read_bytes()
    finished.write_text(finished.read_text().replace(old, new))
    assert run(["run", str(finished)]) == 2
    assert fragment in only_error(capfd)
    assert store.read_bytes() == before


def test_files_that_a_campaign_names_must_exist(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document = yaml.safe_load(config.read_text())
    document["generator"] = {"kind": "reaction", "monomers": "no-such-table.csv"}
    config.write_text(yaml.safe_dump(document))
    assert run(["validate", str(config)]) == 2
    assert "generator.monomers 'no-such-table.csv' does not exist; give the path of a file" in only_error(capfd)


def test_the_cost_of_an_evaluation_is_told_before_it_starts(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document = yaml.safe_load(config.read_text())
    document.pop("cluster", None)
    document["simulation"] = {"preset": "quick"}
    config.write_text(yaml.safe_dump(document))
    assert run(["validate", str(config)]) == 0
    assert (
        "One evaluation: 0.145 ns of dynamics (equilibrated): about 47 s on one CPU core, 3 s on"
        in capfd.readouterr().out
    )
    assert run(["validate", str(config), "--json"]) == 0
    cost = json.loads(capfd.readouterr().out)["cost_of_one_evaluation"]
    assert cost == {"simulated_ns": 0.145, "one_core_s": 46.7, "one_gpu_s": 3.1}


def test_a_foreign_store_is_untouched(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = config.parent / "run" / "store.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (id INTEGER)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    for command in (["run", str(config)], ["status", str(config)], ["report", str(path)]):
        assert run(command) == 2
        assert "database of another program" in only_error(capfd)
    assert path.read_bytes() == before


def test_a_locked_store_is_untouched(
    finished: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "OPENING_TIMEOUT_S", 0.2)
    monkeypatch.setattr(connections, "RUNNING_TIMEOUT_S", 0.5)
    path = finished.parent / "run" / "store.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    before = path.read_bytes()
    assert run(["run", str(finished)]) == 2
    assert "locked by another program" in only_error(capfd)
    assert path.read_bytes() == before
    holder.execute("ROLLBACK")
    holder.close()


def test_a_finished_campaign_says_so_at_once(finished: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["run", str(finished), "--no-report"]) == 0
    out, err = capfd.readouterr()
    assert "was already finished: 2 of 2 evaluations are finished" in out
    assert "1.5900 ± 0.0040" in out
    assert err == ""


def test_status_tells_counts_front_and_failures(finished: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["status", str(finished.parent / "run"), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["evaluations"] == {"proposed": 0, "running": 0, "done": 1, "failed": 1}
    assert document["front"][0]["properties"]["density"] == {
        "value": 1.02, "stderr": 0.01, "unit": "g/cm3", "fidelity": "md-quick-2", "label": "Density",
    }  # fmt: skip
    assert document["failures"][0]["kind"] == "exploded"
    assert run(["status", str(finished)]) == 0
    assert "failed #2 *CS*: exploded: hot" in capfd.readouterr().out


def test_simulate_prints_one_document_whatever_libraries_print(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def chatty(unit, settings, *, seed, out, properties, progress, optics):
        print("a library greets")
        os.write(1, b"and so does one in C\n")
        subprocess.run(["echo", "and a child"], check=True)
        assert out == tmp_path / "kept"
        value = float("nan") if seed == 9 else 1.0
        return SimulationResult(
            (Measurement("density", value, 0.1, "g/cm3", "md-quick-2", {}),), {"ok": True}, {"seed": seed}
        )

    monkeypatch.setattr("designer.cli.simulate.simulate", chatty)
    monkeypatch.setattr("designer.cli.simulate.write_outputs", lambda folder: ())
    for seed, value in ((3, 1.0), (9, None)):
        assert run(["simulate", "*OCC*", "--seed", str(seed), "--out", str(tmp_path / "kept"), "--json"]) == 0
        out, err = capfd.readouterr()
        document = json.loads(out)
        assert list(document) == [
                "psmiles", "key", "preset", "seed", "properties", "not_determined", "diagnostics", "provenance",
            ]  # fmt: skip
        assert document["properties"] == {
            "density": {"value": value, "stderr": 0.1, "unit": "g/cm3", "label": "Density"}
        }
        assert (document["preset"], document["seed"]) == ("quick", seed)
        assert "a library greets" in err
        assert "in C" in err
        assert "a child" in err


def test_a_failed_simulation_is_status_1(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("designer.cli.simulate.simulate", lambda *a, **k: Failure("exploded", "too hot"))
    assert run(["simulate", "*CC*"]) == 1
    out, err = capfd.readouterr()
    cost, error = err.splitlines()
    assert cost.startswith("0.145 ns of dynamics (equilibrated): about 47 s on one CPU core")
    assert error == "error: simulation of *CC* failed (exploded): too hot"
    assert out == ""


def test_schema_and_validate(config: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert "objectives" in json.loads(capfd.readouterr().out)["properties"]
    assert run(["validate", str(config), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["config"]["name"] == "trial"
    assert not (config.parent / "run").exists()


def test_targets_are_intervals() -> None:
    assert parse_targets(["refractive_index>1.65", "abbe_number >= 30", "abbe_number<60"]) == {
        "refractive_index": (1.65, None),
        "abbe_number": (30.0, 60.0),
    }
    with pytest.raises(InvalidRequest, match="leaves no value"):
        parse_targets(["density>2", "density<1"])


def test_overrides_reach_the_settings() -> None:
    settings = _settings("quick", ["protocol.temperature_K=350", "force_field.hydrogen_mass_amu=3.5"])
    assert settings.protocol.temperature_K == 350.0
    assert settings.force_field.hydrogen_mass_amu == 3.5
    assert settings.preset == "quick"


def test_json_has_no_not_a_number(capfd: pytest.CaptureFixture[str]) -> None:
    with answer_stream() as stream:
        write_json(stream, {"a": [float("inf"), 1.5], "b": {"c": float("nan")}})
    assert json.loads(capfd.readouterr().out) == {"a": [None, 1.5], "b": {"c": None}}


def test_help_is_quick() -> None:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "designer", "--help"], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - started)
    assert "simulate" in done.stdout
    assert min(times) < 1.0


@pytest.mark.parametrize(
    "statement", ["import designer", "import designer.cli", "import mdcore", "import designer.config"]
)
def test_imports_are_light(statement: str) -> None:
    heavy = "('torch', 'openmm', 'dask', 'distributed', 'bokeh', 'matplotlib', 'botorch', 'openff')"
    code = f"import sys; {statement}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_simulate_refuses_what_is_no_specimen(capsys):
    for arguments, word in (
        (["*CC*", "*CC(*)C"], "--sequence"),
        (["*CC*", "*CC(*)C", "--sequence", "braided"], "braided"),
        (["*CC*", "*CC(*)C", "--sequence", "random", "--fractions", "0.9,0.9"], "sum to 1"),
        (["*CC*", "*CC(*)C", "--sequence", "random", "--fractions", "1.0"], "give one for each"),
        (["*CC*", "*CC(*)C", "--sequence", "block", "--fractions", "a,b"], "not a list of numbers"),
        (["*CC*", "*CC(*)C", "--sequence", "alternating", "--fractions", "0.5,0.5"], "omit it"),
        (["*CC*", "--sequence", "random"], "two or more"),
        (["CCO.O"], "several fragments"),
        (["*CC*", "--trajectory", "1"], "--out"),
    ):
        assert run(["simulate", *arguments]) == 2, arguments
        shown = capsys.readouterr()
        assert shown.out == ""
        assert len(shown.err.strip().splitlines()) == 1
        assert word in shown.err
