"""What the generators' choices rest on: notation, filters, and libraries that are streamed.

    python benchmarks/generators_choices.py --json [--quick] [--work FOLDER] [--only library parameters notation]

Needs `shared/data` beside the repository, and the package selfies. `--work` is that of `generators.py`.
"""

import sys
from pathlib import Path

# The repository's packages, whatever folder this is called from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.generators_parts.command import main

if __name__ == "__main__":
    main("generators_choices", ("library", "parameters", "notation"), __doc__)
