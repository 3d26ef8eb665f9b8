"""Speed of OpenMM's CPU platform by cell size: one unpinned thread, one thread pinned to a core, and two threads.

Polystyrene at 300 K and constant volume, 4 fs, the settings of preset `quick`; the arrangements run in turn, in several rounds, and
medians are reported. The `n_atoms` from which two threads are faster than one pinned thread is used in `mdcore.dynamics.platform`.

    python -m benchmarks.cpu_threads [--json] [--quick] [--seconds 5] [--work runs/threads]
"""

import statistics
import sys
from contextlib import nullcontext
from pathlib import Path

from benchmarks.common import answer, command_line, figure
from benchmarks.lammps_parts.speeds import condensed, openmm_ns_per_day
from mdcore.dynamics.cores import OwnCore

POLYSTYRENE = "*CC(*)c1ccccc1"
CELLS = ((3, 190), (4, 190), (6, 190), (5, 500), (5, 1000))
"""Number of chains, and atoms per chain."""
STEP_FS = 4.0
ROUNDS = 3


def main() -> int:
    import openmm

    parser = command_line(__doc__, "the two smallest cells; the result is not saved")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement in s")
    parser.add_argument("--work", type=Path, default=Path("runs/threads"))
    options = parser.parse_args()
    figures, rounds = {}, {}
    for chains, atoms in CELLS[: 2 if options.quick else None]:
        size = {"n_chains": chains, "atoms_per_chain": atoms}
        bundle, positions, box = condensed(POLYSTYRENE, options.work / f"{chains}x{atoms}", 2, size)
        system = openmm.XmlSerializer.deserialize(bundle.system_xml)
        arrangements = {"one_thread": (1, nullcontext), "own_core": (1, OwnCore), "two_threads": (2, nullcontext)}
        rows = []
        for _ in range(ROUNDS):
            row = {}
            for name, (threads, place) in arrangements.items():
                with place():
                    row[name] = openmm_ns_per_day(system, positions, box, STEP_FS, options.seconds, threads)
            rows.append(row)
        label = f"{bundle.n_atoms}_atoms"
        rounds[label] = [{name: round(speed, 1) for name, speed in row.items()} for row in rows]
        for name in arrangements:
            figures[f"{label}_{name}_ns_per_day"] = figure(
                round(statistics.median(row[name] for row in rows), 1), "ns/day"
            )
        figures[f"{label}_own_core_over_one_thread"] = figure(
            round(statistics.median(row["own_core"] / row["one_thread"] for row in rows), 2), "1"
        )
    answer("cpu_threads", figures, keep=not options.quick, rounds=rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
