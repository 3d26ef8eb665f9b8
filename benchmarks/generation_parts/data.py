"""Common data of the sections: the corpus, PI1070 in two halves, target properties, finished pieces."""

import json
from functools import cache

import numpy as np
import pandas as pd

from benchmarks.common import DATA
from generators import Corpus, CorpusSettings, load_corpus
from mdcore.chem import InvalidRepeatUnit, RepeatUnit
from mdcore.chem.files import write_whole

PROPERTIES = ("density", "refractive_index", "thermal_conductivity")


def once(arguments, name: str, make):
    """Return the result of `make`, from the folder `--work` if it is stored there."""
    path = arguments.work / f"{name}{'-quick' if arguments.quick else ''}.json" if arguments.work else None
    if path is not None and path.exists():
        return json.loads(path.read_text())
    found = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(found, indent=1))
    return found


@cache
def corpus() -> Corpus:
    return load_corpus(CorpusSettings())


def is_valid(text: str) -> bool:
    try:
        RepeatUnit.from_psmiles(text)
    except InvalidRepeatUnit:
        return False
    return True


@cache
def halves():
    """Return two random halves of PI1070 by canonical key, each as (keys, values of `PROPERTIES`)."""
    table = pd.read_csv(DATA / "radonpy_pi1070" / "PI1070.csv")
    rows: dict[str, list[np.ndarray]] = {}
    for text, values in zip(table["smiles"], table[list(PROPERTIES)].to_numpy(dtype=float), strict=True):
        try:
            rows.setdefault(RepeatUnit.from_psmiles(text).key, []).append(values)
        except InvalidRepeatUnit:
            continue
    keys = [str(key) for key in np.random.default_rng(0).permutation(list(rows))]
    half = len(keys) // 2
    return [(part, np.array([mean_of(rows[key]) for key in part])) for part in (keys[:half], keys[half:])]


def mean_of(values) -> np.ndarray:
    """Return the mean of each column over the rows with a number; NaN if there are none."""
    table = np.array(values)
    known = np.isfinite(table)
    with np.errstate(invalid="ignore"):
        return np.where(known, table, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
