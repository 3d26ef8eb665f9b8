"""Windows has no fcntl, pwd, grp, resource or termios: importing any of our modules needs none of them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
POSIX = {"fcntl", "pwd", "grp", "resource", "termios", "pty", "tty", "posix", "syslog", "crypt"}
MODULES = [
    path for package in ("mdcore", "generators", "surrogates", "designer") for path in (ROOT / package).rglob("*.py")
]


def imported_at_once(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that an import of the file loads: not those of functions, nor those it can do without."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_no_module_needs_posix_to_be_imported() -> None:
    found = {str(path): POSIX & set(imported_at_once(ast.parse(path.read_text("utf-8")))) for path in MODULES}
    assert len(found) > 250
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.slow
def test_the_loop_and_the_simulation_import_without_posix() -> None:
    hidden = f"import sys; sys.modules.update(dict.fromkeys({sorted(POSIX - {'posix'})}))"
    ours = "import designer.cli.app, designer.campaign.campaign, designer.cluster.local, mdcore.measure, mdcore.optics"
    code = f"import distributed, torch; {hidden}; {ours}; print('imported')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "imported", done.stderr
