"""The kinds of generator and cluster of docs/extending.md, installed as written there, in campaigns."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from installed_plugin import designer, install
from made_kinds import SUBSTITUTED

pytestmark = [pytest.mark.seconds(30), pytest.mark.slow]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"))


def written(folder: Path, name: str, **changes: object) -> str:
    """Write a campaign that measures a property without dynamics."""
    document = {
        "name": "kinds",
        "seed": 4,
        "folder": str(folder / "run"),
        "objectives": [{"property": "polar_surface"}],
        "corpus": {"reactions": False},
        "novelty": "allowed",
        "generator": {**SUBSTITUTED, "pool": 16},
        "surrogates": {"restarts": 1},
        "simulation": {"properties": []},
        "initial": {"kind": "prior", "evaluations": 3},
        "cluster": {"kind": "bounded", "workers": 2, "memory": "4GB", "dashboard_port": 0},
        "stop": {"evaluations": 5},
    }
    (folder / name).write_text(yaml.safe_dump(document | changes))
    return name


def test_a_campaign_runs_with_the_generator_and_the_cluster(plugin: Path, tmp_path: Path) -> None:
    checked, done, exported, schema = designer(
        plugin,
        tmp_path,
        ["validate", written(tmp_path, "campaign.yaml"), "--json"],
        ["run", "campaign.yaml", "--no-report"],
        ["export", "campaign.yaml", "--format", "json"],
        ["schema"],
    )
    document = checked.document()
    text = json.dumps(document)
    assert '"kind": "substituted"' in text
    assert '"kind": "bounded"' in text
    assert done.status == 0, done.told
    rows = exported.document()["rows"]
    assert [row["step"] for row in rows].count("initial") == 3
    assert [row["step"] for row in rows].count("acquisition") == 2
    assert {row["origin"] for row in rows} == {"substituted backbone"}
    assert len({row["key"] for row in rows}) == 5
    # Without a heteroatom the area is zero; an ester has 26.30 square angstrom, a nitrile 23.79, an ether 9.23 (Ertl 2000, table 1).
    for row in rows:
        key = row["key"]
        esters, nitriles = key.count("C(=O)O") + key.count("OC(=O)"), key.count("C#N")
        ethers = key.count("O") - 2 * esters
        assert row["value"] == pytest.approx(26.30 * esters + 23.79 * nitriles + 9.23 * ethers, abs=0.011), key
    assert {"SubstitutedSettings", "BoundedClusterSettings"} <= set(schema.document()["$defs"])


def test_wrong_settings_are_refused_in_one_line(plugin: Path, tmp_path: Path) -> None:
    wrong = {
        "key": ({"generator": {**SUBSTITUTED, "substituent": "C"}}, "in generator; did you mean 'substituents'?"),
        "value": ({"cluster": {"kind": "bounded", "workers": 0}}, "cluster.workers: 0 must be at least 1; raise it"),
        "rule": ({"generator": {**SUBSTITUTED, "backbones": ["*CC[*:1]"]}}, "generator: pSMILES '*CCC' has 1 star"),
        "kind": (
            {"generator": {"kind": "magic"}},
            "ngram_smc, neural_smc, reaction, substances, substituted, or install",
        ),
        "cluster": ({"cluster": {"kind": "bound"}}, "cluster.kind: 'bound' is not a choice; did you mean 'bounded'?"),
    }
    names = {name: written(tmp_path, f"{name}.yaml", **changes) for name, (changes, _) in wrong.items()}
    answers = designer(plugin, tmp_path, *(["validate", file] for file in names.values()))
    for (name, (_, message)), answer in zip(wrong.items(), answers, strict=True):
        assert answer.status == 2, name
        assert message in answer.told
        assert answer.told.count("\n") == 1


def test_reading_the_file_loads_neither_dask_nor_the_models(plugin: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from designer.config import load_config; config = load_config('campaign.yaml'); "
        "print(config.generator.kind, config.cluster.kind, *{'distributed', 'dask', 'torch', 'openmm'}.intersection(sys.modules))"
    )
    written(tmp_path, "campaign.yaml")
    environment = {**os.environ, "PYTHONPATH": str(plugin)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["substituted", "bounded"]
