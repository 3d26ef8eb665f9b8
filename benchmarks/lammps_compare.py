"""LAMMPS and OpenMM on the same bundles: energies by term, and ns/day on two cores.

LAMMPS is not a dependency: --lammps-python is the Python of an environment with it. Energies are compared for the System without the
switching function, which differs between the programs, and without the dispersion correction; both Ewald sums use tight tolerances.
Speeds are compared with production settings at 300 K and constant volume: in OpenMM those of the bundle, with hydrogens of 3 amu; in
LAMMPS true masses, SHAKE on X-H bonds, a plain cutoff at the same distance, and the faster of two pair styles. One program runs at a time:
one simulation on the machine, with LAMMPS on both cores and OpenMM as placed by mdcore (small cells on one core); then two concurrent
simulations with one core each, as in campaigns. `*_throughput_ratio` compares the better arrangement of each program on two cores,
`*_one_simulation_ratio` single simulations. Speeds are omitted if the machine is busy at the start, since they would be meaningless.

    python -m benchmarks.lammps_compare --lammps-python PYTHON [--json] [--quick] [--small] [--speeds auto] [--work runs/lammps]
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from benchmarks.common import RESULTS, answer, command_line, figure
from benchmarks.lammps_parts.energies import (
    PRODUCTION_LAMMPS,
    lammps_terms,
    openmm_terms,
    relative_differences,
    relative_rms,
)
from benchmarks.lammps_parts.program import Lammps, LammpsAbsentError
from benchmarks.lammps_parts.speeds import CORES, condensed, measure_speeds, speed_figures
from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.measure.export.lammps import write_data

POLYMERS = {
    "polystyrene": "*CC(*)c1ccccc1",
    "pmma": "*CC(*)(C)C(=O)OC",
    "polycarbonate": "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*",
}
LARGE = {"n_chains": 10, "atoms_per_chain": 1000}
"""Cells of 10,000 atoms in addition to those of preset quick, for the two polymers of `bundle_build.py`."""
LARGE_POLYMERS = ("polystyrene", "polycarbonate")
ROUNDS = 3
"""Number of rounds of measurements: ratios are taken within a round, and the median of the rounds is reported."""
LOAD_LIMIT = 1.5


def main() -> int:
    parser = command_line(__doc__, "polystyrene only; the result is not saved")
    parser.add_argument(
        "--lammps-python", default=os.environ.get("LAMMPS_PYTHON"), help="Python of an environment with LAMMPS"
    )
    parser.add_argument(
        "--speeds",
        choices=("auto", "always", "never"),
        default="auto",
        help=f"auto: only if the load is below {LOAD_LIMIT} at the start; on a busy machine the result is not saved",
    )
    parser.add_argument(
        "--small", action="store_true", help="only the cells of preset quick; committed figures of the others are kept"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each speed measurement in s")
    parser.add_argument("--work", type=Path, default=Path("runs/lammps"))
    options = parser.parse_args()
    import openmm

    try:
        lammps = Lammps.find(options.lammps_python)
    except LammpsAbsentError as error:
        print(error, file=sys.stderr)
        return 2
    busy = os.getloadavg()[0] >= LOAD_LIMIT
    speeds = options.speeds == "always" or (options.speeds == "auto" and not busy)
    cells = {}
    for name in list(POLYMERS)[: 1 if options.quick else None]:
        cells[name] = condensed(POLYMERS[name], options.work / name, 1 if busy else CORES)
    for name in () if options.quick or options.small or not speeds else LARGE_POLYMERS:
        large = f"{name}_10x1000"
        cells[large] = condensed(POLYMERS[name], options.work / large, CORES, LARGE)
    figures: dict[str, object] = {}
    details: dict[str, dict[str, object]] = {}
    for name, (bundle, positions, box) in cells.items():
        folder = options.work / name
        system = openmm.XmlSerializer.deserialize(bundle.system_xml)
        written = write_data(system, bundle.arrays, positions, box, folder / "cell.data")
        theirs, their_forces = lammps_terms(lammps, folder, written)
        ours, our_forces = openmm_terms(system, positions, box)
        for term, difference in relative_differences(ours, theirs).items():
            figures[f"{name}_{term}_relative_difference"] = figure(float(f"{difference:.2e}"), "1", {"at_most": 1e-3})
        _, our_production = openmm_terms(system, positions, box, None)
        _, their_production = lammps_terms(lammps, folder, written, PRODUCTION_LAMMPS)
        details[name] = {
            "n_atoms": bundle.n_atoms,
            "density_g_cm3": round(bundle.mass_amu * DALTON_PER_NM3_TO_G_CM3 / float(np.linalg.det(box)), 4),
            "openmm_kj_mol": {term: round(value, 5) for term, value in ours.items()},
            "lammps_kj_mol": {term: round(value, 5) for term, value in theirs.items()},
            "force_relative_rms_difference": float(f"{relative_rms(our_forces, their_forces):.2e}"),
            "openmm_production_force_error": float(f"{relative_rms(our_production, our_forces):.2e}"),
            "lammps_production_force_error": float(f"{relative_rms(their_production, their_forces):.2e}"),
        }
        if speeds:
            cell = (bundle.system_xml, positions, box)
            rounds = [measure_speeds(lammps, folder, written, cell, options.seconds) for _ in range(ROUNDS)]
            details[name]["rounds_ns_per_day"] = rounds
            figures |= speed_figures(name, rounds)
    if options.small and (RESULTS / "lammps_compare.json").exists():
        kept = json.loads((RESULTS / "lammps_compare.json").read_text(encoding="utf-8"))
        figures = kept["figures"] | figures
        details = kept["polymers"] | details
    answer(
        "lammps_compare",
        figures,
        keep=not options.quick and (options.speeds == "never" or not busy),
        polymers=details,
        lammps=lammps.version,
        cores_used=CORES,
        speeds="measured" if speeds else "omitted: not requested, or the machine was busy",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
