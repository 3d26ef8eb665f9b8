"""Eight repeat units with densities, as observations of surrogates."""

import numpy as np

from mdcore.chem import RepeatUnit, UnitMixture
from surrogates import Observations

TEXTS = ("*CC*", "*CC(*)C", "*CC(*)c1ccccc1", "*CCO*", "*OC(=O)CCCC*", "*CC(*)(C)C(=O)OC", "*NC(=O)CCCCC*", "*CC(*)F")
UNITS = tuple(RepeatUnit.from_psmiles(text) for text in TEXTS)
DENSITY = np.array([0.85, 0.86, 1.05, 1.12, 1.08, 1.18, 1.13, 1.30])


def observe(n, **more):
    return Observations(UNITS[:n], {"density": DENSITY[:n]}, **more)


def mixture(*fractions):
    return UnitMixture("key of " + str(fractions), "label", (UNITS[0], UNITS[2]), fractions)
