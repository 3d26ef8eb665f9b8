"""The documentation's links lead somewhere, and what it names exists."""

import re
from pathlib import Path

import pytest
import typer.main

from designer.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_pictures_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_pages_exist(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"`(?:[^`\n]*/)?designer ([a-z][a-z-]*)", text) + re.findall(
        r"^ +(?:\S*/)?designer ([a-z-]+)", text, re.M
    )
    assert set(named) <= COMMANDS, set(named) - COMMANDS


def test_decision_records_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    assert [int(page.name[:4]) for page in records] == list(range(1, len(records) + 1))
    assert len(records) >= 10
    index = (folder / "README.md").read_text()
    for page in records:
        text = page.read_text()
        title = re.match(rf"# {int(page.name[:4])}\. (.+)\n", text)
        assert title, page.name
        assert re.findall(r"^## (.+)$", text, re.M) == ["Status", "Context", "Decision", "Consequences"]
        assert f"]({page.name}) | {title[1]} |" in index
