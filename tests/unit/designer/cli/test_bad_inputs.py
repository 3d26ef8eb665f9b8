"""Every mistake of `bad_inputs.yaml` is one line on standard error, exit status 2, and changes nothing on disk."""

import hashlib
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from designer import Campaign, CampaignConfig
from designer.cli.commands import COMMANDS
from designer.cli.main import run
from designer.store import create_store
from designer.store.engine import close_engine
from designer.store.imported import ImportedRecord, add_imported
from mdcore.chem import Measurement, RepeatUnit

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("bad_inputs.yaml").read_text(encoding="utf-8"))
CAMPAIGN = {"name": "trial", "objectives": "[{property: density}]", "stop": "{evaluations: 4}"}
PROCESSES = (
    "run absent.yaml",
    "status lab.csv",
    "export store.sqlite --out folder --format csv",
    "tell store.sqlite t.json",
    "--verison",
)


def fill(folder: Path, name: str, prop: str = "density") -> Path:
    document = {"name": name, "folder": str(folder), "objectives": [{"property": prop}], "stop": {"evaluations": 9}}
    with Campaign(CampaignConfig.model_validate(document)) as campaign:
        for psmiles, value in {"*CC*": 0.9, "*CC(*)C": 0.86, "*CC(*)c1ccccc1": 1.04, "*CCO*": 1.12}.items():
            record = campaign.store.propose(
                key=RepeatUnit.from_psmiles(psmiles).key, psmiles=psmiles, origin="given", log_prior=None, in_corpus=True,
                step="initial", settings_digest=campaign.config.settings_digest(), acquisition=None, predicted={},
            )  # fmt: skip
            measured = (Measurement("density", value, 0.01, "g/cm3", "md-quick-2", {}),)
            campaign.store.finish(record.id, measured, worker="w", wall_s=1.0, diagnostics={}, provenance={})
    return folder / "store.sqlite"


def campaign_file(replaced: str = "") -> str:
    """Return the text of a campaign file, the lines of whose first key are replaced."""
    key = replaced.split(":")[0]
    return "".join(f"{name}: {value}\n" for name, value in CAMPAIGN.items() if name != key) + f"{replaced}\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the command lines name."""
    root = tmp_path_factory.mktemp("good")
    made = tmp_path_factory.mktemp("made")
    shutil.copy(fill(made / "a", "trial"), root / "store.sqlite")
    fill(made / "b", "one")
    shutil.copy(fill(made / "b", "two"), root / "two.sqlite")
    shutil.copy(fill(made / "c", "glass", "refractive_index"), root / "glass.sqlite")
    (root / "c.yaml").write_text(campaign_file())
    (root / "lab.csv").write_text("psmiles,density\n" + "".join(f"*{'C' * n}O*,{0.9 + n / 100}\n" for n in range(2, 9)))
    (root / "units.csv").write_text("psmiles\n*CCCC*\n*CCCO*\n")
    (root / "monomers.smi").write_text("C=CC(=O)OC\n")
    (root / "folder").mkdir()
    (root / "folder" / "x").write_text("x")
    engine = create_store(f"sqlite:///{root}/known.sqlite")
    add_imported(engine, [ImportedRecord("*C*", "*CC*", "density", 0.9, 0.0, "experiment", 2)], source="a", digest="b")
    close_engine(engine)
    other = sqlite3.connect(root / "other.db")
    other.execute("CREATE TABLE t (a)")
    other.close()
    return root


def place(case: dict[str, Any], good: Path, folder: Path) -> Path:
    shutil.copytree(good, folder)
    for name, text in case.get("files", {}).items():
        (folder / name).write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))
    if "campaign" in case:
        (folder / "c.yaml").write_text(campaign_file(case["campaign"]), encoding="utf-8")
    return folder


def state(folder: Path) -> dict[str, str]:
    """Return a digest of each file, and the folders."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


def name_of(case: dict[str, Any]) -> str:
    return " ".join(str(case[key]) for key in ("command", "campaign", "files") if key in case)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_mistake_is_one_line_and_changes_nothing(
    case: dict[str, Any],
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = place(case, good, tmp_path / "here")
    monkeypatch.chdir(folder)
    before = state(folder)
    assert run(shlex.split(case["command"])) == 2
    out, err = capfd.readouterr()
    assert err.startswith("error: ")
    assert case["says"] in err
    assert err.count("\n") == 1
    assert case.get("out", "") in out
    assert bool(out) == ("out" in case)
    assert state(folder) == before


@pytest.mark.parametrize("command", PROCESSES)
def test_a_process_says_the_same(command: str, good: Path, tmp_path: Path) -> None:
    case = next(case for case in CASES if case["command"] == command)
    folder = place(case, good, tmp_path / "here")
    before = state(folder)
    done = subprocess.run(
        [sys.executable, "-m", "designer", *shlex.split(command)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert case["says"] in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert state(folder) == before


def test_json_nested_beyond_all_measure_is_refused(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place({}, good, tmp_path / "here"))
    Path("deep.json").write_text("[" * 100_000)
    before = state(Path())
    for command in ("tell store.sqlite deep.json", "predict deep.json units.csv"):
        assert run(shlex.split(command)) == 2
        assert capfd.readouterr().err.startswith("error: deep.json ")
    assert state(Path()) == before


def test_a_copy_never_takes_the_place_of_a_device_or_pipe(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place({}, good, tmp_path / "here"))
    os.mkfifo("pipe", 0o666)
    before = Path("pipe").stat()
    assert run(["backup", "store.sqlite", "pipe", "--force"]) == 2
    assert "'pipe' is a device or pipe" in capfd.readouterr().err
    assert Path("pipe").stat().st_mode == before.st_mode
    assert not Path("pipe-journal").exists()


def test_an_interrupted_command_says_so(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("designer.cli.route.routes", interrupted)
    assert run(["route", "*CC*"]) == 130
    assert capfd.readouterr() == ("", "error: interrupted\n")


def test_the_table_is_of_all_commands() -> None:
    commands = {entry.name for entry in COMMANDS}
    assert commands <= {shlex.split(case["command"])[0] for case in CASES if case["command"]}
    assert len(CASES) >= 200
