"""Fraction of the repeat units of PI1070 that can be built into a bundle of 600 atoms, and build times.

Units with elements not covered by the force field are excluded. Outcomes are kept under --work, so that an interrupted run can be
resumed; the script stops after --minutes and reports the finished units. The order is random with a fixed seed, so that partial results
are a representative sample.

    python -m benchmarks.pi1070_builds [--json] [--quick] [--minutes 60] [--work runs/pi1070]
"""

import csv
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402

from benchmarks.common import DATA, answer, command_line, figure  # noqa: E402

ATOMS = 600


def units():
    """Yield the distinct repeat units with elements of the force field, in a fixed random order."""
    from mdcore.chem import InvalidRepeatUnit, RepeatUnit

    known = {}
    with (DATA / "radonpy_pi1070/PI1070.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            try:
                unit = RepeatUnit.from_psmiles(row["smiles"])
            except InvalidRepeatUnit:
                continue
            known.setdefault(unit.key, unit)
    keys = sorted(known)
    random.Random(1070).shuffle(keys)
    return [known[key] for key in keys]


def build(unit, folder: Path) -> dict[str, object]:
    """Build one bundle; return the outcome."""
    from mdcore.chem.errors import MDCoreError
    from mdcore.measure import build_bundle
    from mdcore.settings import SimulationSettings

    settings = SimulationSettings.model_validate({"cell": {"n_chains": 3, "atoms_per_chain": ATOMS // 3}})
    started, busy = time.perf_counter(), time.process_time()

    def spent() -> dict[str, object]:
        return {
            "key": unit.key,
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - busy,
        }

    try:
        bundle = build_bundle(unit, settings, seed=1, out=folder)
    except MDCoreError as error:
        return {**spent(), "failure": f"{type(error).__name__}: {error}"}
    return {**spent(), "n_atoms": bundle.n_atoms}


def main():
    parser = command_line(__doc__, "30 units; the result is not saved")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--work", type=Path, default=Path("runs/pi1070"))
    options = parser.parse_args()
    if not DATA.exists():
        print(f"{DATA} not found; put PI1070.csv there to run this benchmark", file=sys.stderr)
        return 2
    options.work.mkdir(parents=True, exist_ok=True)
    log = options.work / "builds.jsonl"
    done = {row["key"]: row for row in map(json.loads, log.read_text().splitlines())} if log.exists() else {}
    everything = units()
    wanted = everything[:30] if options.quick else everything
    deadline = time.monotonic() + 60.0 * (8.0 if options.quick else options.minutes)
    with tempfile.TemporaryDirectory() as folder:
        if any(unit.key not in done for unit in wanted):
            build(wanted[0], Path(folder) / "warm")
        for number, unit in enumerate(wanted):
            if unit.key in done:
                continue
            if time.monotonic() > deadline:
                break
            done[unit.key] = build(unit, Path(folder) / str(number))
            with log.open("a") as stream:
                stream.write(json.dumps(done[unit.key]) + "\n")
    rows = [done[unit.key] for unit in wanted if unit.key in done]
    failures = [row for row in rows if "failure" in row]
    seconds = [row["seconds"] for row in rows if "failure" not in row]
    figures = {
        "units": figure(len(rows), "1"),
        "share_built": figure(round(1.0 - len(failures) / len(rows), 4), "1", {"at_least": 0.98}),
        "seconds_median": figure(round(float(np.median(seconds)), 2), "s", {"at_most": 10}),
        "seconds_90_percent": figure(round(float(np.quantile(seconds, 0.9)), 2), "s"),
        "cpu_seconds_median": figure(round(float(np.median([row["cpu_seconds"] for row in rows])), 2), "s"),
    }
    answer("pi1070_builds", figures, keep=not options.quick, units_with_elements=len(everything), failures=failures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
