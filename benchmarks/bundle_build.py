"""Time and memory of building bundles on one core, and their scaling with size.

With --radonpy-python, the Python of an environment with radonpy-pypi, the growth of single chains is compared with
RadonPy's random walk in the same run, both on one core, without charges, with libraries loaded.

    python -m benchmarks.bundle_build [--json] [--quick] [--radonpy-python PYTHON]
"""

import argparse
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

from benchmarks.common import answer, command_line, figure  # noqa: E402

_PEER_LIMIT_S = 300.0
"""Time limit of RadonPy in s; figures beyond it are omitted."""
POLYMERS = {"polystyrene": "*CC(*)c1ccccc1", "polycarbonate": "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*"}


def build(psmiles: str, n_chains: int, atoms: int) -> tuple[int, float, float]:
    """Build one bundle in this process; return atoms, seconds with libraries loaded, and peak memory in GiB."""
    from mdcore.chem import RepeatUnit
    from mdcore.measure import build_bundle
    from mdcore.settings import SimulationSettings

    with tempfile.TemporaryDirectory() as folder:
        tiny = {
            "cell": {"n_chains": 3, "atoms_per_chain": 40},
            "force_field": {"cutoff_nm": 0.35, "switch_width_nm": 0.05},
        }
        warm = SimulationSettings.model_validate(tiny)
        build_bundle(RepeatUnit.from_psmiles("*CC*"), warm, seed=1, out=Path(folder) / "warm")
        settings = SimulationSettings.model_validate(
            {"preset": "standard", "cell": {"n_chains": n_chains, "atoms_per_chain": atoms}}
        )
        started = time.perf_counter()
        bundle = build_bundle(RepeatUnit.from_psmiles(psmiles), settings, seed=1, out=Path(folder) / "bundle")
        seconds = time.perf_counter() - started
    return bundle.n_atoms, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def grow(psmiles: str, atoms: int) -> tuple[int, float]:
    """Grow one chain in its own cell; return atoms and seconds."""
    from mdcore.cell import grow_cell, plan_homopolymer
    from mdcore.chem import RepeatUnit
    from mdcore.chem.seeds import rng_for
    from mdcore.settings import SimulationSettings

    unit = RepeatUnit.from_psmiles(psmiles)
    settings = SimulationSettings.model_validate({"cell": {"n_chains": 1, "atoms_per_chain": atoms}})
    started = time.perf_counter()
    cell = grow_cell(plan_homopolymer(unit, settings.cell, 1), 0.35, rng_for(1, unit.key, "growth"))
    return cell.topology.n_atoms, time.perf_counter() - started


def main():
    parser = command_line(__doc__, "10,000 atoms only; the result is not saved")
    parser.add_argument("--one", nargs=3, metavar=("PSMILES", "CHAINS", "ATOMS"), help=argparse.SUPPRESS)
    parser.add_argument("--chain", nargs=2, metavar=("PSMILES", "ATOMS"), help=argparse.SUPPRESS)
    parser.add_argument("--radonpy-python", help="Python of an environment with radonpy-pypi")
    options = parser.parse_args()
    if options.chain:
        print(*grow(options.chain[0], int(options.chain[1])))
        return 0
    if options.one:
        print(*build(options.one[0], int(options.one[1]), int(options.one[2])))
        return 0

    def measured(psmiles, chains, atoms):
        command = [sys.executable, "-m", "benchmarks.bundle_build", "--one", psmiles, str(chains), str(atoms)]
        n_atoms, seconds, memory = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[
            -3:
        ]
        return int(n_atoms), float(seconds), float(memory)

    def peer(psmiles, units):
        if options.radonpy_python is None:
            return None
        command = [options.radonpy_python, str(Path(__file__).parent / "bundle_build_peer.py"), psmiles, str(units)]
        try:
            shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PEER_LIMIT_S).stdout
        except subprocess.TimeoutExpired:
            return None
        return round(float(shown.split()[-2]), 2)

    from mdcore.chem import RepeatUnit

    figures = {}
    for name, psmiles in POLYMERS.items():
        n_atoms, seconds, memory = measured(psmiles, 10, 1000)
        figures[f"{name}_10x1000_seconds"] = figure(round(seconds, 2), "s", {"at_most": 60})
        figures[f"{name}_10x1000_memory"] = figure(round(memory, 2), "GiB", {"at_most": 2})
        if not options.quick:
            large_atoms, large, large_memory = measured(psmiles, 100, 1000)
            exponent = math.log(large / seconds) / math.log(large_atoms / n_atoms)
            figures[f"{name}_100x1000_seconds"] = figure(round(large, 2), "s")
            figures[f"{name}_100x1000_memory"] = figure(round(large_memory, 2), "GiB", {"at_most": 2})
            figures[f"{name}_cost_exponent"] = figure(round(exponent, 3), "1", {"at_most": 1.1})
        for atoms in (300, 1000):
            command = [sys.executable, "-m", "benchmarks.bundle_build", "--chain", psmiles, str(atoms)]
            shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            own = RepeatUnit.from_psmiles(psmiles)
            figures[f"{name}_chain_of_{atoms}_seconds"] = figure(
                round(float(shown[-1]), 2), "s", None, peer(psmiles, round(atoms / own.n_atoms))
            )
    answer("bundle_build", figures, keep=not options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
