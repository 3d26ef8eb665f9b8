"""Measurements behind design choices of the generators: notation, filters, and streamed libraries.

    python -m benchmarks.generation_choices --json [--quick] [--work FOLDER] [--only library parameters notation]

Needs `shared/data` beside the repository, and the package selfies. `--work` is as in `generation.py`.
"""

from benchmarks.generation_parts.command import main

if __name__ == "__main__":
    main("generation_choices", ("library", "parameters", "notation"), __doc__)
