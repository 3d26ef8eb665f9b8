"""Every code block of the pages runs when it is copied alone.

A block runs in a folder that holds what a clone holds after `make quickstart`: configs, docs/examples and a finished campaign
in runs/quickstart. What cannot run here says why in a comment `<!-- not run: reason -->` before it; its commands and
options are checked all the same.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main
import yaml
from instant_trials import Alkanes, InstantCluster

from designer import Campaign, CampaignConfig
from designer.cli.app import app

pytestmark = pytest.mark.seconds(120)

ROOT = Path(__file__).parents[2]
# What extending.md shows is one package, which test_docs_extending installs and runs.
PAGES = [
    *sorted(page for page in (ROOT / "docs").glob("*.md") if page.name != "extending.md"),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]
BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    place: str
    language: str
    code: str
    reason: str | None


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(f"{page.name}:{line}", match["language"], match["code"], match["reason"]))
    return found


BLOCKS = blocks()


def of(language: str, *, run: bool = True) -> list[object]:
    wanted = [block for block in BLOCKS if block.language == language and not (run and block.reason)]
    if language == "python":
        wanted = [block for block in wanted if not block.place.startswith("README")]  # test_designer_readme runs it
    return [pytest.param(block, id=block.place) for block in wanted]


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign as `make quickstart` leaves it, its results made up."""
    folder = tmp_path_factory.mktemp("clone")
    document = yaml.safe_load((ROOT / "configs" / "quickstart.yaml").read_text())
    config = CampaignConfig.model_validate(document | {"folder": str(folder / "runs" / "quickstart")})
    with_cluster = Campaign(config, proposer=Alkanes(), start_cluster=InstantCluster)  # type: ignore[arg-type]
    with_cluster.run()
    with_cluster.store.close()
    return folder / "runs"


@pytest.fixture
def clone(tmp_path: Path, quickstart: Path) -> Path:
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    shutil.copytree(quickstart, tmp_path / "runs")
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("block", of("python"))
def test_python_runs(block: Block, clone: Path) -> None:
    script = clone / "block.py"
    script.write_text(block.code)
    done = run([sys.executable, script.name], clone)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("block", of("bash"))
def test_commands_run(block: Block, clone: Path) -> None:
    done = run(["bash", "-euo", "pipefail", "-c", block.code], clone)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", of("bash", run=False))
def test_commands_and_options_exist(block: Block) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and Path(words[0]).name == "designer" and len(words) > 1 and not words[1].startswith("-"):
            # An unknown option or a missing argument raises.
            assert commands[words[1]].make_context(words[1], words[2:]).info_name == words[1]


@pytest.mark.parametrize("block", of("yaml"))
def test_yaml_is_part_of_a_campaign(block: Block) -> None:
    whole = yaml.safe_load((ROOT / "configs" / "quickstart.yaml").read_text())
    written = yaml.safe_load(block.code)
    config = CampaignConfig.model_validate(whole | written)
    assert written.keys() <= config.model_fields_set


def test_every_block_names_its_language() -> None:
    assert len(BLOCKS) > 30
    assert {block.place for block in BLOCKS if block.language not in ("python", "bash", "yaml", "text")} == set()
    indented = re.compile(r"\n\n {4}(designer|make|pip) ")
    assert [page.name for page in PAGES if indented.search(page.read_text(encoding="utf-8"))] == []
