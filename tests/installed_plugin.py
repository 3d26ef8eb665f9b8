"""The package of plug-ins of docs/extending.md, installed as it stands there, and commands in a program that has it."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
_FILE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```python\n(?P<code>.*?)```\n", re.DOTALL)


def install(site: Path) -> Path:
    """Write the package and its metadata into a folder, as an installer leaves them; returns the folder."""
    files = {match["path"]: match["code"] for match in _FILE.finditer(PAGE.read_text(encoding="utf-8"))}
    imported = re.findall(r"^    (\w+),$", files["polymer_dipole/__init__.py"], re.M)
    assert {f"polymer_dipole/{name}.py" for name in ("__init__", *imported)} == set(files)
    for path, code in files.items():
        (site / path).parent.mkdir(exist_ok=True)
        (site / path).write_text(code)
    information = site / "polymer_dipole-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: polymer-dipole\nVersion: 1.0\n")
    group = re.search(r'\[project.entry-points."(.+?)"\]\n(.+?)\n', PAGE.read_text())
    assert group is not None
    (information / "entry_points.txt").write_text(f"[{group[1]}]\n{group[2].replace(chr(34), '')}\n")
    return site


@dataclass(frozen=True)
class Answer:
    """What one command answered."""

    status: int
    out: str
    told: str

    def document(self) -> Any:
        assert self.status == 0, self.told
        return json.loads(self.out)


PROGRAM = """
import contextlib, io, json, os, pathlib, sys
from designer.cli.main import run
answers = []
for arguments in json.loads(sys.argv[1]) if __name__ == "__main__" else []:
    told, path = io.StringIO(), pathlib.Path("out.txt")
    with path.open("w") as file, contextlib.redirect_stderr(told):
        stdout = os.dup(1)
        os.dup2(file.fileno(), 1)
        status = run(arguments)
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)
    answers.append([status, path.read_text(), told.getvalue()])
if __name__ == "__main__":
    pathlib.Path("answers.json").write_text(json.dumps(answers))
"""


def designer(plugin: Path, folder: Path, *commands: list[str]) -> list[Answer]:
    """Run commands one after the other in a program that has the plug-in installed."""
    environment = {**os.environ, "PYTHONPATH": str(plugin), "OMP_NUM_THREADS": "1"}
    arguments = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    return [Answer(*answer) for answer in json.loads((folder / "answers.json").read_text())]
