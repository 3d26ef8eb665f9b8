"""A virtual library of SMiPoly's monomers: speed of writing, and memory independent of its size."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.common import DATA, figure

CODE = """
import resource, sys, time
from designer.cli.main import run
start = time.process_time()
status = run(["enumerate", sys.argv[1], "--out", sys.argv[2], *sys.argv[3:], "--json"])
if status:
    sys.exit(status)
sys.stderr.write(f"{time.process_time() - start} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10}")
"""


def run(arguments) -> dict:
    """Run `designer enumerate` up to a small and a large limit, each in its own process."""
    few, many = (1_000, 5_000) if arguments.quick else (10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        monomers = Path(folder) / "monomers.csv"
        table = pd.read_csv(DATA / "smipoly" / "202207_smip_monset.csv")
        table[["SMILES"]].rename(columns={"SMILES": "smiles"}).to_csv(monomers, index=False)
        small = _write(monomers, few)
        large = _write(monomers, many)
    return {
        "library_rows_written": figure(large[0], "1"),
        "library_rate": figure(large[0] / large[1], "rows/s"),
        "library_memory_growth": figure(large[2] - small[2], "MiB", {"at_most": 50.0}),
    }


def _write(monomers: Path, limit: int) -> tuple[int, float, float]:
    """Return rows, CPU seconds and peak memory in MiB."""
    out = monomers.with_name("library.csv")
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(monomers), str(out), "--limit", str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    with out.open() as file:
        rows = sum(1 for _ in file) - 1
    seconds, peak = done.stderr.splitlines()[-1].split()
    return rows, float(seconds), float(peak)
