"""Generators against their goals, and against XenonPy's iQSPR in the same run.

    python benchmarks/generators.py --json [--quick] [--peer /path/to/python] [--work FOLDER]
        [--only speed memory library exact design reaction parameters neural notation]

`--peer` is the interpreter of an environment that holds XenonPy (Python 3.8; `pip install xenonpy 'pandas<2' rdkit-pypi`). Without
it the peer's figures are absent. Most sections need `shared/data` beside the repository. Speeds are in CPU seconds of one core.
With `--work` every finished piece is kept in that folder and not measured again, so that an interrupted run goes on; the folder
belongs to one state of the code.
"""

import argparse
import importlib
import sys
from pathlib import Path

# This script bears the name of the package it measures, which its own folder would hide.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.common import answer
from benchmarks.generators_parts.data import once

SECTIONS = ("speed", "memory", "library", "exact", "design", "reaction", "parameters", "neural", "notation")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; the answer is always JSON")
    parser.add_argument("--quick", action="store_true", help="at most ten minutes on two cores")
    parser.add_argument("--peer", help="Python of an environment that holds XenonPy")
    parser.add_argument("--work", type=Path, help="folder of finished pieces")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    arguments = parser.parse_args()
    figures: dict[str, dict] = {}
    for name in arguments.only:
        section = importlib.import_module(f"benchmarks.generators_parts.{name}")
        figures |= once(arguments, name, lambda section=section: section.run(arguments))
    answer("generators", figures, keep=not arguments.quick and tuple(arguments.only) == SECTIONS)


if __name__ == "__main__":
    main()
