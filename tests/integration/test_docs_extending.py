"""The plug-ins of docs/extending.md, installed as written there and run through the command line and a campaign."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
_FILE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```python\n(?P<code>.*?)```\n", re.DOTALL)
TINY = {
    "cell": {"n_chains": 3, "atoms_per_chain": 60},
    "force_field": {"cutoff_nm": 0.45, "switch_width_nm": 0.05},
    "protocol": {
        "compress_ps": 1,
        "melt_ps": 1,
        "cool_ps": 1,
        "settle_ps": 1,
        "sample_ps": 4,
        "record_interval_ps": 0.1,
    },
    "protocols": {"warmed": {"peak_K": 500.0, "anneal_ps": 1.0, "sample_ps": 8.0}},
    "execution": {"platform": "CPU"},
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package and its metadata, as an installer leaves it."""
    site = tmp_path_factory.mktemp("site")
    files = {match["path"]: match["code"] for match in _FILE.finditer(PAGE.read_text(encoding="utf-8"))}
    assert len(files) == 8
    for path, code in files.items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_text(code)
    information = site / "polymer_dipole-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: polymer-dipole\nVersion: 1.0\n")
    group = re.search(r'\[project.entry-points."(.+?)"\]\n(.+?)\n', PAGE.read_text())
    assert group is not None
    (information / "entry_points.txt").write_text(f"[{group[1]}]\n{group[2].replace(chr(34), '')}\n")
    return site


def designer(plugin: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(plugin), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "designer", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, check=False, timeout=280
    )


def overrides(settings: dict[str, object], where: str = "") -> list[str]:
    found = []
    for key, value in settings.items():
        found += overrides(value, f"{where}{key}.") if isinstance(value, dict) else ["--set", f"{where}{key}={value}"]
    return found


@pytest.mark.slow
def test_a_property_with_a_run_of_its_own_and_one_without(plugin: Path, tmp_path: Path) -> None:
    """The stage, the observable, the protocol, the properties and the calculation, through `designer simulate`."""
    names = "density,dipole_fluctuation,polar_surface"
    common = ["--seed", "3", "--out", "run", "--json", *overrides(TINY)]
    done = designer(plugin, tmp_path, "simulate", "*CCO*", "--properties", names, *common)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    found = answer["properties"]
    assert found["dipole_fluctuation"]["unit"] == "e2nm2"
    assert 0.0 < found["dipole_fluctuation"]["value"] < 10.0
    # RDKit counts 9.23 square angstrom for an ether oxygen (Ertl 2000, table 1).
    assert found["polar_surface"]["value"] == pytest.approx(9.23)
    assert answer["diagnostics"]["runs"]["warmed"]["simulated_ps"] == pytest.approx(9.0)
    folder = tmp_path / "run"
    assert (folder / "runs" / "warmed" / "run" / "run.json").exists()
    assert len(list((folder / "calculations").glob("*.json"))) == 1
    # The equilibrated run serves a further request; only what is missing is done.
    before = (folder / "run" / "run.json").stat().st_mtime_ns, (folder / "runs/warmed/run/run.json").stat().st_mtime_ns
    again = designer(plugin, tmp_path, "simulate", "*CCO*", "--properties", "dipole_fluctuation", *common)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["properties"]["dipole_fluctuation"]["value"] == found["dipole_fluctuation"]["value"]
    after = (folder / "run" / "run.json").stat().st_mtime_ns, (folder / "runs/warmed/run/run.json").stat().st_mtime_ns
    assert after == before
    # Without dynamics nothing is built.
    alone = designer(
        plugin, tmp_path, "simulate", "*CCO*", "--properties", "polar_surface,sa_score", "--json", "--out", "no"
    )
    assert alone.returncode == 0, alone.stderr
    assert not (tmp_path / "no" / "bundle").exists()
    refused = designer(
        plugin,
        tmp_path,
        "simulate",
        "*CCO*",
        "--properties",
        "dipole_fluctuation",
        "--set",
        "protocol.temperature_K=700",
    )
    assert refused.returncode == 2
    assert "up to 600 K, got protocol.temperature_K 700; lower it" in refused.stderr
    wrong = designer(
        plugin,
        tmp_path,
        "simulate",
        "*CCO*",
        "--properties",
        "dipole_fluctuation",
        "--set",
        "protocols.warmed.peak_K=-1",
    )
    assert wrong.returncode == 2
    assert "simulation.protocols.warmed.peak_K" in wrong.stderr
    unknown = designer(plugin, tmp_path, "simulate", "*CCO*", "--set", "protocols.warmt.peak_K=1")
    assert unknown.returncode == 2
    assert "protocol 'warmt' is unknown; did you mean warmed?" in unknown.stderr


@pytest.mark.slow
def test_a_substance_of_a_plugin_is_simulated(plugin: Path, tmp_path: Path) -> None:
    (tmp_path / "blend.yaml").write_text("kind: blend\nunits: ['*CC*', '*CCO*']\n")
    tiny = {**TINY, "cell": {"n_chains": 4, "atoms_per_chain": 60}}
    done = designer(
        plugin, tmp_path, "simulate", "--substance", "blend.yaml", "--properties", "density,refractive_index,sa_score",
        "--json", *overrides(tiny),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["key"] == "blend:*C*.*CCO*"
    assert answer["psmiles"] == ["*CC*", "*CCO*"]
    assert 0.5 < answer["properties"]["density"]["value"] < 1.3
    (tmp_path / "blend.yaml").write_text("kind: blends\nunits: ['*CC*', '*CCO*']\n")
    wrong = designer(plugin, tmp_path, "simulate", "--substance", "blend.yaml")
    assert wrong.returncode == 2
    assert "kind of substance 'blends' is unknown; did you mean blend?" in wrong.stderr


@pytest.mark.slow
def test_a_campaign_measures_a_property_of_a_plugin(plugin: Path, tmp_path: Path) -> None:
    document = {
        "name": "dipoles",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "dipole_fluctuation"}, {"property": "polar_surface"}],
        "initial": {"kind": "list", "psmiles": ["*CCO*", "*CC*"]},
        "corpus": {"reactions": False},
        "simulation": TINY,
        "cluster": {"kind": "local", "workers": 2, "dashboard_port": 0},
        "stop": {"evaluations": 2},
    }
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(document))
    checked = designer(plugin, tmp_path, "validate", "campaign.yaml")
    assert checked.returncode == 0, checked.stderr
    done = designer(plugin, tmp_path, "run", "campaign.yaml", "--json")
    assert done.returncode == 0, done.stderr
    status = designer(plugin, tmp_path, "status", "campaign.yaml", "--json")
    front = json.loads(status.stdout)["front"]
    assert {row["psmiles"] for row in front} <= {"*CCO*", "*CC*"}
    measured = {row["psmiles"]: row for row in front}
    assert "*CCO*" in measured
    # The calculation was kept in the store, for later campaigns.
    assert (tmp_path / "run" / "report.html").exists()
