"""Help, version and completion: what a user types before anything else."""

import os
import re
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer.main

from designer.cli.app import app
from designer.cli.completion import presets, property_list, property_name
from designer.cli.groups import GROUPS
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


def test_every_command_has_a_group_and_a_summary() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert command.rich_help_panel in GROUPS, name
        assert command.get_short_help_str(200).endswith("."), name


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
