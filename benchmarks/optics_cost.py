"""Wall time of the DFT tier for repeat units of ten heavy atoms, at the default settings.

Poly(n-butyl methacrylate) uses a junction of small fragments; it represents units with a flexible side chain.

    OMP_NUM_THREADS=2 python -m benchmarks.optics_cost [--json] [--quick] [--unit '*CC(*)(C)C(=O)OCCCC' ...]
"""

import os
import sys
import time

from benchmarks.common import answer, command_line, figure
from mdcore.chem import RepeatUnit
from mdcore.optics import OpticsSettings, refractions
from mdcore.optics.device import choose_device
from mdcore.optics.scheme import scheme_for

UNITS = ("*CC(*)(C)C(=O)OCCCC",)


def main():
    parser = command_line(__doc__, "one conformer; the result is not saved")
    parser.add_argument("--unit", action="append", help=f"repeat unit (repeatable); default {', '.join(UNITS)}")
    options = parser.parse_args()
    settings = OpticsSettings(kind="dft", n_conformers=1 if options.quick else OpticsSettings().n_conformers)
    figures, rows = {}, []
    for psmiles in options.unit or UNITS:
        unit = RepeatUnit.from_psmiles(psmiles, elements=None)
        started, cpu = time.perf_counter(), time.process_time()
        found = refractions(unit, settings)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
        plan = scheme_for(unit, settings.max_heavy_atoms)
        rows.append(
            {
                "psmiles": psmiles,
                "heavy_atoms": unit.n_heavy_atoms,
                "scheme": plan.name,
                "molecules": [len(kept) for _, kept in plan.terms],
                "conformers": settings.n_conformers,
                "wall_s": round(wall, 1),
                "cpu_s": round(cpu, 1),
                "r_D": found.r_D,
            }
        )
        print(rows[-1], file=sys.stderr)
    slowest = max(row["wall_s"] for row in rows)
    figures["wall_time_of_a_unit"] = figure(slowest, "s", {"at_most": 600.0})
    figures["threads"] = figure(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)), "1")
    answer("optics_cost", figures, keep=not options.quick, units=rows, device=choose_device("auto"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
