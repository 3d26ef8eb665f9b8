"""The command line of the scripts that measure generators."""

import argparse
import importlib
from pathlib import Path

from benchmarks.common import answer
from benchmarks.generators_parts.data import once


def main(name: str, sections: tuple[str, ...], description: str) -> None:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; the answer is always JSON")
    parser.add_argument("--quick", action="store_true", help="at most ten minutes on two cores")
    parser.add_argument("--peer", help="Python of an environment that holds XenonPy")
    parser.add_argument("--work", type=Path, help="folder of finished pieces")
    parser.add_argument("--only", nargs="+", choices=sections, default=sections)
    arguments = parser.parse_args()
    figures: dict[str, dict] = {}
    for section in arguments.only:
        module = importlib.import_module(f"benchmarks.generators_parts.{section}")
        figures |= once(arguments, section, lambda module=module: module.run(arguments))
    answer(name, figures, keep=not arguments.quick and tuple(arguments.only) == sections)
