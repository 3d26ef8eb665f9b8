"""Generators against their goals, and against XenonPy's iQSPR in the same run.

    python -m benchmarks.generation --json [--quick] [--peer /path/to/python] [--work FOLDER]
        [--only speed memory exact design reaction neural]

`--peer` is the interpreter of an environment with XenonPy (Python 3.8; `pip install xenonpy 'pandas<2' rdkit-pypi`). Without
it, the peer's figures are omitted. Most sections need `shared/data` beside the repository. Speeds are in CPU seconds of one core.
With `--work`, finished pieces are stored in that folder and not measured again, so that an interrupted run is resumed; use a new folder
when the code changes.
"""

from benchmarks.generation_parts.command import main

if __name__ == "__main__":
    main("generation", ("speed", "memory", "exact", "design", "reaction", "neural"), __doc__)
