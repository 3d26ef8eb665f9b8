"""The documentation's links lead somewhere, and what it names exists."""

import re
from pathlib import Path

import pytest
import typer.main

from designer.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_pages_exist(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"`(?:[^`\n]*/)?designer ([a-z-]+)", text) + re.findall(
        r"^ +(?:\S*/)?designer ([a-z-]+)", text, re.M
    )
    assert set(named) <= COMMANDS, set(named) - COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_in_pages_compiles(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        assert compile(block, page.name, "exec").co_names, "a block that uses nothing shows nothing"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_import_is_there(page: Path) -> None:
    lines = re.findall(r"^from (?:designer|mdcore|generators|surrogates)[\w.]* import .+$", page.read_text(), re.M)
    for line in lines:
        names: dict[str, object] = {}
        exec(line, names)
        assert len(names) > 1, line
