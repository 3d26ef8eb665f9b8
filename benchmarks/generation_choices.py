"""What the generators' choices rest on: notation, filters, and libraries that are streamed.

    python -m benchmarks.generation_choices --json [--quick] [--work FOLDER] [--only library parameters notation]

Needs `shared/data` beside the repository, and the package selfies. `--work` is that of `generation.py`.
"""

from benchmarks.generation_parts.command import main

if __name__ == "__main__":
    main("generation_choices", ("library", "parameters", "notation"), __doc__)
