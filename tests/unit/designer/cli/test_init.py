"""Campaign files to start from, and those that come with the program."""

import io
from pathlib import Path

import pytest
import yaml

from designer.cli.init import init_command, parse_aim
from designer.cli.main import run
from designer.config import load_config
from designer.config.reference import reference_markdown
from designer.config.starter import Aim, Answers, starter_text
from designer.errors import InvalidConfig, InvalidRequest

CONFIGS = Path(__file__).parents[4] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_ready_configuration_is_valid(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    assert path.read_text().startswith("#")


def test_the_ready_configurations_are_there() -> None:
    assert {"quickstart", "optical", "optical_slurm", "low_density", "ask_tell", "copolymers"} <= {
        path.stem for path in CONFIGS.glob("*.yaml")
    }


def test_options_make_a_valid_commented_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lens.yaml"
    options = ["--objective", "max:refractive_index", "--objective", "target:density=1.1", "--preset", "standard"]
    options += ["--evaluations", "40", "--workers", "3", "--threads", "2"]
    assert run(["init", str(path), *options]) == 0
    assert f"designer run {path}" in capfd.readouterr().out
    config = load_config(path)
    assert config.name == "lens"
    assert [(o.property, o.direction, o.value) for o in config.objectives] == [
        ("refractive_index", "maximise", None),
        ("density", "target", 1.1),
    ]
    assert config.simulation.preset == "standard"
    assert (config.cluster.workers, config.cluster.threads_per_worker, config.stop.evaluations) == (3, 2, 40)
    lines = path.read_text().splitlines()
    assert sum("#" in line for line in lines) > len(lines) / 2
    assert run(["init", str(path)]) == 2  # never over another file
    assert "--force" in capfd.readouterr().err
    assert load_config(path).name == "lens"


def test_without_a_terminal_the_defaults_stand(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "a b.yaml"), "--json"]) == 0
    config = load_config(tmp_path / "a b.yaml")
    assert config.name == "a-b"
    assert [o.property for o in config.objectives] == ["refractive_index"]


def test_a_terminal_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = "minimise:density, max:refractive_index\nmany\n2\nfoam\nstandard\n12\n1\n"
    monkeypatch.setattr("sys.stdin", Terminal(answers))
    init_command(tmp_path / "c.yaml")
    config = load_config(tmp_path / "c.yaml")
    assert config.name == "foam"
    assert [(o.property, o.direction) for o in config.objectives] == [
        ("density", "minimise"),
        ("refractive_index", "maximise"),
    ]
    assert (config.simulation.preset, config.stop.evaluations) == ("standard", 12)
    assert (config.cluster.workers, config.cluster.threads_per_worker) == (2, 1)


@pytest.mark.parametrize(
    "text", ["best:density", "maximise:density=1", "target:density", "target:density=dense", "a b"]
)
def test_what_is_no_objective_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="write it as"):
        parse_aim(text)


@pytest.mark.parametrize("name", ["2026", "on", "1e3", "no", "lens-2"])
def test_names_stay_texts(name: str) -> None:
    assert yaml.safe_load(starter_text(Answers(name, (Aim("density"),))))["name"] == name


def test_answers_that_break_a_rule_are_one_line() -> None:
    with pytest.raises(InvalidConfig, match="preset"):
        starter_text(Answers("x", (Aim("density"),), preset="perfect"))
    with pytest.raises(InvalidConfig, match="two objectives"):
        starter_text(Answers("x", (Aim("density"), Aim("density", "minimise"))))


def test_the_reference_in_the_docs_is_that_of_the_models() -> None:
    page = (CONFIGS.parent / "docs/configuration.md").read_text()
    assert page == reference_markdown(), "write it anew: designer schema --markdown > docs/configuration.md"


def test_the_reference_explains_every_key() -> None:
    keys = [line for line in reference_markdown().splitlines() if line.startswith("| `") and line.count("|") >= 5]
    settings = keys[: next(i for i, line in enumerate(keys) if line.startswith("| `cell.n_chains`"))]
    assert len(settings) > 80
    assert [line for line in settings if line.endswith("|  |")] == []
