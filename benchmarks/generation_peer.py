"""XenonPy's iQSPR for `benchmarks/generation.py`; runs in its own environment (Python 3.8, xenonpy).

Reads one JSON document from stdin and writes one to stdout. Tasks:

`speed`: fit an n-gram of order 10 to `units`, then let it modify `proposals` of them; counts valid results with two stars.
`design`: run IQSPR from `start` with a likelihood that this process requests line by line on file descriptors 3 and 4.
"""

import json
import os
import pickle
import random
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from rdkit import Chem, RDLogger  # noqa: E402
from xenonpy.inverse.base import BaseLogLikelihood  # noqa: E402
from xenonpy.inverse.iqspr import IQSPR, NGram  # noqa: E402

RDLogger.DisableLog("rdApp.*")


def speed(task):
    model = NGram(sample_order=(1, 10))
    start = time.process_time()
    model.fit(task["units"], train_order=(1, 10))
    fit = time.process_time() - start
    seeds = [random.choice(task["units"]) for _ in range(task["proposals"])]
    start = time.process_time()
    proposed = model.proposal(seeds)
    propose = time.process_time() - start
    mols = [Chem.MolFromSmiles(text) for text in proposed]
    stars = [m is not None and sum(a.GetAtomicNum() == 0 for a in m.GetAtoms()) == 2 for m in mols]
    return {
        "fit_per_s": len(task["units"]) / fit,
        "proposals_per_s": len(seeds) / propose,
        "valid": float(np.mean([m is not None for m in mols])),
        "two_stars": float(np.mean(stars)),
    }


class Remote(BaseLogLikelihood):
    """The likelihood of the project's sampler, requested over a pipe."""

    def __init__(self):
        self.ask = os.fdopen(4, "w")
        self.hear = os.fdopen(3)

    def log_likelihood(self, smis, **targets):
        self.ask.write(json.dumps(list(smis)) + "\n")
        self.ask.flush()
        values = json.loads(self.hear.readline())
        return pd.DataFrame({"target": values["log_likelihoods"]})


def fitted(units, kept):
    """Return the model of all units, fitted in parts of 500, because its fit slows down with table size and may be interrupted."""
    parts = []
    for number, first in enumerate(range(0, len(units), 500)):
        path = kept and Path(f"{kept}-{number}")
        if path and path.exists():
            # A file of this benchmark from an earlier run or target.
            parts.append(pickle.loads(path.read_bytes()))  # noqa: S301
            continue
        part = NGram(sample_order=(1, 10))
        part.fit(units[first : first + 500], train_order=(1, 10))
        parts.append(part)
        if path:
            path.write_bytes(pickle.dumps(part))
    return parts[0].merge_table(*parts[1:])


def design(task):
    model = fitted(task["units"], task["kept"])
    remote = Remote()
    search = IQSPR(estimator=remote, modifier=model)
    found, last, ended = set(), [], None
    try:
        # Each step yields the distinct strings of its population; those at the final exponent are the outputs.
        for step, sample in enumerate(search(task["start"], beta=np.array(task["beta"]))):
            last = [str(text) for text in sample]
            if task["beta"][step] == 1.0:
                found.update(last)
    except Exception as error:  # noqa: BLE001 - keep the results found before any error
        ended = repr(error)
    return {"found": sorted(found) or last, "ended": ended}


def main():
    task = json.load(sys.stdin)
    np.random.seed(task["seed"])  # noqa: NPY002 - the peer draws from the global generator
    random.seed(task["seed"])
    json.dump({"speed": speed, "design": design}[task["task"]](task), sys.stdout)


main()
