"""The command line of the scripts that measure generators."""

import importlib
from pathlib import Path

from benchmarks.common import answer, command_line
from benchmarks.generation_parts.data import once


def main(name: str, sections: tuple[str, ...], description: str) -> None:
    parser = command_line(description, "at most ten minutes on two cores")
    parser.add_argument("--peer", help="Python of an environment with XenonPy")
    parser.add_argument("--work", type=Path, help="folder of finished pieces")
    parser.add_argument("--only", nargs="+", choices=sections, default=sections)
    arguments = parser.parse_args()
    figures: dict[str, dict] = {}
    for section in arguments.only:
        module = importlib.import_module(f"benchmarks.generation_parts.{section}")
        figures |= once(arguments, section, lambda module=module: module.run(arguments))
    answer(name, figures, keep=not arguments.quick and tuple(arguments.only) == sections)
