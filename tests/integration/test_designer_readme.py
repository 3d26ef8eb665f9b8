"""The example of the README is run as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.seconds(80)

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.slow
def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(example.splitlines()) <= 15
    script = tmp_path / "example.py"
    script.write_text(example)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert "density_stderr" in done.stdout
    assert re.search(r"\*CC\S*\s+0\.[4-9]\d*\s+0\.\d+", done.stdout), done.stdout
    assert (tmp_path / "runs" / "light" / "store.sqlite").exists()


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"(?:`|bin/)designer ([a-z]+)", README.read_text(encoding="utf-8")))
    listed = subprocess.run(
        [sys.executable, "-m", "designer", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert named
    assert named <= set(re.findall(r"^  ([a-z]+) ", listed, flags=re.MULTILINE))
