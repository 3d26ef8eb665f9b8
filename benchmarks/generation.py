"""Generators against their goals, and against XenonPy's iQSPR in the same run.

    python -m benchmarks.generation --json [--quick] [--peer /path/to/python] [--work FOLDER]
        [--only speed memory exact design reaction neural]

`--peer` is the interpreter of an environment that holds XenonPy (Python 3.8; `pip install xenonpy 'pandas<2' rdkit-pypi`). Without
it the peer's figures are absent. Most sections need `shared/data` beside the repository. Speeds are in CPU seconds of one core.
With `--work` every finished piece is kept in that folder and not measured again, so that an interrupted run goes on; the folder
belongs to one state of the code.
"""

from benchmarks.generation_parts.command import main

if __name__ == "__main__":
    main("generation", ("speed", "memory", "exact", "design", "reaction", "neural"), __doc__)
