"""Benchmarks have names of their own, start as modules, and their committed results are theirs."""

import ast
import importlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("designer", "generators", "mdcore", "surrogates")
NO_SCRIPTS = ("__init__", "common", "resumable")
SCRIPTS = sorted(
    path.stem
    for path in (ROOT / "benchmarks").glob("*.py")
    if path.stem not in NO_SCRIPTS and not path.stem.endswith("_peer")
)
RESULTS = sorted(path for path in (ROOT / "benchmarks" / "results").glob("*.json") if not path.stem.endswith("_dft"))

HELP = """
import contextlib, io, runpy, sys
for name in sys.argv[1:]:
    sys.argv = [name, "--help"]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            runpy.run_module(f"benchmarks.{name}", run_name="__main__")
        except SystemExit as end:
            assert end.code == 0, name
    print(name, *(option in shown.getvalue() for option in ("--json", "--quick")))
"""


def test_no_script_bears_the_name_of_what_it_measures() -> None:
    modules = {path.stem for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    folders = {path.parent.name for package in PACKAGES for path in (ROOT / package).rglob("__init__.py")}
    assert len(SCRIPTS) > 15
    assert set(SCRIPTS) & (modules | folders) == set()


def test_every_script_starts_as_a_module_with_the_common_options() -> None:
    command = [sys.executable, "-c", HELP, *SCRIPTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name} True True" for name in SCRIPTS]


def test_what_scripts_import_of_the_packages_is_there() -> None:
    """Also inside functions, which no other test calls."""
    wanted = set()
    for path in (ROOT / "benchmarks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
                wanted |= {(node.module, alias.name, path.name) for alias in node.names}
    assert len(wanted) > 100
    lacking = [
        (file, f"{module}.{name}")
        for module, name, file in sorted(wanted)
        if not (hasattr(importlib.import_module(module), name) or importlib.util.find_spec(f"{module}.{name}"))
    ]
    assert lacking == []


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_committed_result_is_of_the_script_of_its_name(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["benchmark"] == path.stem
    assert any(path.stem.startswith(name) for name in SCRIPTS)
    assert document["figures"].keys()
    assert all(entry.keys() >= {"value", "unit", "goal", "peer"} for entry in document["figures"].values())
