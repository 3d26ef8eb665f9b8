"""Generators against their goals, and against XenonPy's iQSPR in the same run.

    python benchmarks/generators.py --json [--quick] [--peer /path/to/python] [--work FOLDER]
        [--only speed memory exact design reaction neural]

`--peer` is the interpreter of an environment that holds XenonPy (Python 3.8; `pip install xenonpy 'pandas<2' rdkit-pypi`). Without
it the peer's figures are absent. Most sections need `shared/data` beside the repository. Speeds are in CPU seconds of one core.
With `--work` every finished piece is kept in that folder and not measured again, so that an interrupted run goes on; the folder
belongs to one state of the code.
"""

import sys
from pathlib import Path

# This script bears the name of the package it measures, which its own folder would hide.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.generators_parts.command import main

if __name__ == "__main__":
    main("generators", ("speed", "memory", "exact", "design", "reaction", "neural"), __doc__)
