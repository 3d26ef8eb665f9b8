"""Surrogates and acquisition on public simulations: replays, batches, speed, accuracy, transfer between fidelities.

    python -m benchmarks.active_learning --json [--quick] [--only replay speed ...] [--seeds 20] [--workers 2] [--fresh]

Needs `shared/data` beside the repository, and scikit-learn for the random forest. Each section runs in its own process and stores
its figures, and each finished replay, under `build/benchmarks`, so that an interrupted run is resumed; `--fresh` starts from scratch. The
settings of the replay were chosen with other seeds (100 and above) than those reported (0 to 19), and with other objectives.
"""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.common import answer, command_line
from mdcore.chem.files import write_whole

ROOT = Path(__file__).resolve().parent.parent

SECTIONS = {
    "accuracy": ("accuracy", "run"),
    "emphasis": ("emphasis", "run"),
    "fidelity": ("fidelity", "run"),
    "batches": ("batches", "run"),
    "switch": ("speed", "switch"),
    "speed": ("speed", "run"),
    "large": ("speed", "large"),
    "replay": ("replays", "run"),
}


def main() -> None:
    parser = command_line(__doc__, "at most ten minutes on two cores")
    parser.add_argument("--seeds", type=int, default=20, help="seeds of the replay")
    parser.add_argument("--workers", type=int, default=1, help="processes of the replay")
    parser.add_argument("--fresh", action="store_true", help="discard results of earlier runs")
    parser.add_argument("--only", nargs="+", choices=tuple(SECTIONS), default=tuple(SECTIONS))
    parser.add_argument("--section", choices=tuple(SECTIONS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    # Multithreading costs more than it gains here, especially on a loaded machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    options.state = ROOT / "build" / "benchmarks" / ("active_learning-quick" if options.quick else "active_learning")
    options.state.mkdir(parents=True, exist_ok=True)
    if options.section:
        measure(options.section, options)
        return
    for section in options.only:
        if options.fresh:
            (options.state / f"{section}.json").unlink(missing_ok=True)
            if section == "replay":
                for folder in options.state.glob("replays-*"):
                    shutil.rmtree(folder)
        if not (options.state / f"{section}.json").exists():
            words = [*(word for word in sys.argv[1:] if word != "--fresh"), "--section", section]
            subprocess.run([sys.executable, "-m", "benchmarks.active_learning", *words], check=True, cwd=ROOT)
    found = {section: options.state / f"{section}.json" for section in SECTIONS}
    figures = {}
    for section, path in found.items():
        if path.exists() and section in options.only:
            figures |= json.loads(path.read_text())
    answer("active_learning", figures, keep=not options.quick and len(options.only) == len(SECTIONS))


def measure(section: str, options: argparse.Namespace) -> None:
    """Run one section in this process and store its figures."""
    module, function = SECTIONS[section]
    figures = getattr(importlib.import_module(f"benchmarks.active_learning_parts.{module}"), function)(
        options.quick, options
    )
    write_whole(options.state / f"{section}.json", json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
