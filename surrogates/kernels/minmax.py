"""MinMax (Tanimoto) similarity of count fingerprints."""

import numpy as np
from numpy.typing import NDArray

from surrogates.features import Features


def minmax(a: Features, b: Features) -> NDArray[np.float64]:
    """Return sum(min(x, y)) / sum(max(x, y)) for all pairs, shape (n_a, n_b).

    Positive definite on count vectors (Ralaivola et al., 10.1016/j.neunet.2005.07.009). The minimum
    is a sparse matrix product of thermometer codes, and the maximum follows from the sizes. Two empty rows have a similarity of 1.
    """
    shared = a.shared_counts(b)
    union = a.sizes[:, None] + b.sizes[None, :] - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1.0), 1.0)
