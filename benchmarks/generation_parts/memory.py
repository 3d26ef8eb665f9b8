"""Memory of fitting many repeat units, and of enumerating a large library."""

import subprocess
import sys
import zipfile

import pandas as pd

from benchmarks.common import DATA, figure

CODE = """
import resource, sys
from generators import NGramModel
units = sys.stdin.read().split()
NGramModel.fit(units, 10)
print(len(units), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def run(arguments) -> dict:
    """Measure the peak resident memory of a process that fits 300,000 repeat units, including interpreter and input."""
    n = 20_000 if arguments.quick else 300_000
    with zipfile.ZipFile(DATA / "smipoly" / "SMiPoly_001_generatedPolymer.csv.zip") as archive:
        name = next(item for item in archive.namelist() if item.endswith(".csv") and "MACOSX" not in item)
        table = pd.read_csv(archive.open(name))
    column = next(c for c in table.columns if table[c].astype(str).str.count(r"\*").eq(2).mean() > 0.3)
    texts = table[column].astype(str)
    texts = texts[texts.str.count(r"\*") == 2].drop_duplicates().sample(frac=1.0, random_state=0)[:n]
    done = subprocess.run(
        [sys.executable, "-c", CODE], input="\n".join(texts), capture_output=True, text=True, check=True
    )
    count, gib = done.stdout.split()
    return {
        "fit_peak_memory": figure(float(gib), "GiB", {"at_most": 2.0}),
        "units_fitted_for_memory": figure(int(count), "1"),
    }
