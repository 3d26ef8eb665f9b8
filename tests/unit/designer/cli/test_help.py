"""Help, version and completion: what a user types before anything else."""

import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from designer.cli.commands import COMMANDS, GROUPS, Entry, LazyCommand
from designer.cli.completion import presets, property_list, property_name
from designer.cli.main import run


def test_designer_alone_shows_its_commands_in_groups(capfd: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    shown, errors = capfd.readouterr()
    assert errors == ""
    headings = re.findall(r"^(\S.*):$", shown, re.M)
    assert [heading for heading in headings if heading in GROUPS] == list(GROUPS)
    campaigns = shown.split("Campaigns:")[1].split("\n\n")[0]
    assert re.findall(r"^  (\w+) ", campaigns, re.M)[0] == "run"
    assert "..." not in shown.split("COMMAND [ARGS]...")[1], "a summary does not fit its line"


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_has_a_group_and_the_summary_of_its_help(entry: Entry) -> None:
    assert entry.group in GROUPS
    assert entry.summary.endswith(".")
    assert LazyCommand(entry).loaded().get_short_help_str(200) == entry.summary


def test_the_list_of_commands_loads_none_of_them() -> None:
    """Neither their modules, so that the list comes at once, nor what they need."""
    program = "import sys; from designer.cli.main import run; run([]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "designer.cli.commands" in loaded
    homes = {f"designer.cli.{entry.home.split(':')[0]}" for entry in COMMANDS}
    assert loaded & {*homes, "rdkit", "sqlalchemy", "designer.config", "designer.store"} == set()


def test_version_is_that_of_the_package(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capfd.readouterr().out == f"polymer-designer {version('polymer-designer')}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("designer st", {"status"}),
        ("designer simulate x --preset acc", {"accurate"}),
        ("designer fit x --property abbe", {"abbe_number"}),
        ("designer simulate x --properties density,abbe", {"density,abbe_number"}),
    ],
)
def test_the_shell_completes(typed: str, offered: set[str]) -> None:
    words = typed.split()
    asked = {"_DESIGNER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    program = "from designer.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert set(done.stdout.split()) == offered, done.stderr


def test_completion_offers_what_the_product_knows() -> None:
    assert presets("") == ["quick", "standard", "accurate"]
    assert "refractive_index" in property_name("")
    assert "density" not in property_list("density,")
