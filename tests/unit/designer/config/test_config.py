import warnings
from pathlib import Path

import pytest
import yaml

from designer import CampaignConfig, DesignerError
from designer.cli.main import run
from designer.config import config_from_mapping, load_config, stored_config
from designer.config.moved import MovedSetting
from designer.errors import InvalidConfig, MissingFile
from surrogates import SurrogateSettings

BASE = """
name: trial
objectives:
  - property: refractive_index
stop: {evaluations: 3}
"""
MINIMAL = yaml.safe_load(BASE)
CONFIGS = Path(__file__).parents[4] / "configs"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_complete_and_valid(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, BASE))
    assert config.properties() == ("refractive_index", "density")
    assert str(config.store_url()) == "runs/trial/store.sqlite"
    assert config.simulation_settings().execution.threads == config.cluster.threads_per_worker
    assert CampaignConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_valid(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem


def test_limits_are_modelled_and_written_back(tmp_path: Path) -> None:
    limits = "limits: [{property: glass_transition_temperature, low: 350}, {property: density, high: 1.2}]"
    config = load_config(write(tmp_path, BASE + limits))
    assert config.modelled() == ("refractive_index", "density", "glass_transition_temperature")
    assert config.properties() == ("refractive_index", "density")  # Tg is predicted, not simulated
    assert [(c.property, c.low, c.high) for c in config.limit_list()] == [
        ("glass_transition_temperature", 350.0, None),
        ("density", None, 1.2),
    ]
    assert config.minimal_document()["limits"][0] == {"low": 350.0, "property": "glass_transition_temperature"}
    assert "limits" not in config.identity()


def test_a_table_may_answer_for_what_no_simulation_measures(tmp_path: Path) -> None:
    path = write(tmp_path, BASE.replace("refractive_index", "homo_lumo_gap"))
    assert load_config(path, answered=True).properties()[0] == "homo_lumo_gap"
    with pytest.raises(InvalidConfig, match="cannot be measured by simulation"):
        load_config(path)


# Each case: what is added to or replaces the base, and what the one line must say: value, rule, remedy.
MISTAKES = [
    (BASE + "objectivs: []", ["unknown key 'objectivs'", "did you mean 'objectives'?"]),
    (BASE + "cluster: {worker: 2}", ["unknown key 'worker' in cluster", "did you mean 'workers'?"]),
    (BASE + "simulation: {protocol: {temperature: 3}}", ["simulation.protocol", "did you mean 'temperature_K'?"]),
    (BASE + "initial: {kind: list, smiles: ['*CC*']}", ["unknown key 'smiles' in initial", "did you mean 'psmiles'?"]),
    (
        BASE.replace("refractive_index", "refractive_indx"),
        ["objectives[0].property", "refractive_indx", "refractive_index?"],
    ),
    (BASE + "simulation: {properties: [densty]}", ["simulation.properties", "'densty'", "density"]),
    (
        BASE.replace("refractive_index", "homo_lumo_gap"),
        ["'homo_lumo_gap'", "cannot be measured by simulation", "choose from density"],
    ),
    (BASE + "simulation: {protocol: {temperature_K: -300}}", ["temperature_K", "-300", "greater than 0", "raise it"]),
    (BASE + "simulation: {preset: quik}", ["simulation.preset", "'quik'", "did you mean 'quick'?"]),
    (BASE + "seed: -1", ["seed", "-1", "at least 0", "raise it"]),
    (BASE + "cluster: {kind: slurmm}", ["cluster.kind", "'slurmm'", "did you mean 'slurm'?"]),
    (BASE + "limits: [{property: densty, low: 1}]", ["limits[0].property", "densty", "density?"]),
    (BASE + "limits: [{property: density}]", ["limits[0]", "needs low, high or both"]),
    (
        BASE + "limits: [{property: density, low: 1}, {property: density, high: 2}]",
        ["limits", "'density'", "in one entry"],
    ),
    (BASE + "initial: {kind: lst}", ["initial.kind", "'lst'", "did you mean 'list'?"]),
    (BASE + "initial: {kind: list, psmiles: ['*CC']}", ["initial.psmiles", "*CC"]),
    (
        BASE + "initial: {kind: list, psmiles: ['*CCO*', '*OCC*']}",
        ["'*OCC*'", "and '*CCO*' are the same polymer", "remove"],
    ),
    (BASE + "constraints: {sa_score: 0.5}", ["constraints.sa_score", "0.5", "greater than 1", "raise it"]),
    (BASE.replace("{evaluations: 3}", "{}"), ["stop", "set evaluations or wall_time_h"]),
    (BASE.replace("stop: {evaluations: 3}", ""), ["stop is missing", "add it"]),
    (BASE.replace("{evaluations: 3}", "{evaluations: many}"), ["stop.evaluations", "'many'", "whole number"]),
    (BASE + "name: again", ["line 6", "duplicate key 'name'", "remove one"]),
    (BASE + "store: mysql://host/db", ["mysql", "not supported", "postgresql"]),
    (BASE.replace("- property: refractive_index", "- {property: density, direction: target}"), ["needs `value`"]),
    (
        BASE.replace("property: refractive_index", "{property: density, region: {low: 2, high: 1}}"),
        ["region", "2", "1"],
    ),
    ("name: [", ["line", "YAML"]),
    ("just text", ["instead of a mapping", "write `name: ...`"]),
    (BASE.replace("name: trial", "name: ../trial"), ["name", "'../trial'"]),
]


@pytest.mark.parametrize(("text", "fragments"), MISTAKES, ids=[fragments[0] for _, fragments in MISTAKES])
def test_a_mistake_is_one_line_with_value_rule_and_remedy(tmp_path: Path, text: str, fragments: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidConfig) as caught:
        load_config(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    for fragment in fragments:
        assert fragment in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="does not exist; give the path") as caught:
        load_config(tmp_path / "nowhere.yaml")
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, DesignerError)


def test_yaml_builds_no_objects(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    path = write(tmp_path, f"name: !!python/object/apply:pathlib.Path.touch [{marker}]")
    with pytest.raises(InvalidConfig):
        load_config(path)
    assert not marker.exists()


def test_the_digest_tells_measurements_apart_and_ignores_where_they_run() -> None:
    base = {"name": "a", "objectives": [{"property": "density"}], "stop": {"evaluations": 1}}
    reference = config_from_mapping(base)
    warmer = config_from_mapping({**base, "simulation": {"protocol": {"temperature_K": 350}}})
    elsewhere = config_from_mapping(
        {
            **base,
            "simulation": {"execution": {"platform": "CPU"}},
            "cluster": {"workers": 7},
            "stop": {"evaluations": 9},
        }
    )
    assert reference.settings_digest() != warmer.settings_digest()
    assert reference.identity() != warmer.identity()
    assert reference.settings_digest() == elsewhere.settings_digest()
    assert reference.identity() == elsewhere.identity()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "initial": {"kind": "prior", "evaluations": 7},
            "simulation": {"preset": "standard", "protocol": {"melt_ps": 7}},
        },
        {"initial": {"kind": "list", "psmiles": ["*CC*"]}, "constraints": {"elements": ["C", "H"]}, "seed": 3},
        {"objectives": [{"property": "density", "direction": "target", "value": 1.0, "region": {"low": 0.9}}]},
    ],
)
def test_the_minimal_document_means_the_same_and_is_short(changes: dict[str, object]) -> None:
    base = {"name": "a", "objectives": [{"property": "density"}], "stop": {"evaluations": 1}}
    config = config_from_mapping({**base, **changes})
    minimal = config.minimal_document()
    assert config_from_mapping(minimal).document() == config.document()
    assert set(minimal) == set(base) | set(changes) | {"simulation"}
    assert yaml.safe_load(yaml.safe_dump(minimal)) == minimal


def test_settings_under_their_old_keys_are_read(tmp_path: Path) -> None:
    """Until version 0.1 the refit schedule belonged to the generator."""
    path = tmp_path / "old.yaml"
    old = {**MINIMAL, "generator": {"pool": 50, "refresh_every": 4, "refresh_growth": 0.25}}
    path.write_text(yaml.safe_dump(old))
    with pytest.warns(MovedSetting) as warned:
        config = load_config(path)
    assert (config.surrogates.refit_every, config.surrogates.refit_growth, config.generator.pool) == (4, 0.25, 50)
    assert [str(w.message) for w in warned] == [
        f"{path}: generator.refresh_every is deprecated; write surrogates.refit_every",
        f"{path}: generator.refresh_growth is deprecated; write surrogates.refit_growth",
    ]
    stored = stored_config({**old, "surrogates": {"restarts": 5}}, "store")
    assert (stored.surrogates.refit_every, stored.surrogates.restarts) == (4, 5)
    assert "refit_every" not in stored.surrogates.settings().model_dump()
    assert stored.surrogates.settings() == SurrogateSettings(restarts=5)
    new = {**MINIMAL, "generator": {"pool": 50}, "surrogates": {"refit_every": 4, "refit_growth": 0.25}}
    assert config_from_mapping(new) == config


def test_old_keys_obey_the_rules_of_the_new_ones(tmp_path: Path) -> None:
    both = {**MINIMAL, "generator": {"refresh_every": 4}, "surrogates": {"refit_every": 4}}
    with pytest.raises(
        InvalidConfig, match=r"generator.refresh_every is the old key of surrogates.refit_every, and both"
    ):
        config_from_mapping(both)
    with pytest.raises(InvalidConfig, match="refit_every"):
        config_from_mapping({**MINIMAL, "generator": {"refresh_every": 0}})
    with pytest.raises(InvalidConfig, match="surrogates"):
        config_from_mapping({**MINIMAL, "generator": {"refresh_every": 4}, "surrogates": 3})


def test_the_old_name_of_a_setting_of_the_sampler_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "generator": {"smc": {"max_stages": 7}}}))
    with pytest.warns(MovedSetting) as warned:
        config = load_config(path)
    notes = [str(warning.message) for warning in warned]
    assert notes == [f"{path}: generator.smc.max_stages is deprecated; write generator.smc.max_steps"]
    assert config == config_from_mapping({**MINIMAL, "generator": {"smc": {"max_steps": 7}}})
    assert config.minimal_document()["generator"]["smc"] == {"max_steps": 7}
    with pytest.raises(InvalidConfig, match=r"generator\.smc: max_stages is the old name of max_steps, and both"):
        config_from_mapping({**MINIMAL, "generator": {"smc": {"max_stages": 7, "max_steps": 7}}})


def test_the_command_line_names_old_keys_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, "generator": {"refresh_every": 4}}))
    with warnings.catch_warnings():
        warnings.simplefilter("default", MovedSetting)
        assert run(["validate", str(path)]) == 0
    shown = capfd.readouterr()
    assert shown.err == f"warning: {path}: generator.refresh_every is deprecated; write surrogates.refit_every\n"
    assert "is valid" in shown.out
