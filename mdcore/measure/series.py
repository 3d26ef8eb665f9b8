"""The whole series of a run, for plots and files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.damage import reading
from mdcore.dynamics.runner import read_run_arrays

FloatArray = NDArray[np.float64]


def read_series(run_folder: Path) -> tuple[FloatArray, FloatArray]:
    """Return the table (r, columns) and the chain values (r, n_chains, 2) of a run.

    Raises:
        DamagedFile: There are none that can be read.
    """
    path = run_folder / "series.npz"
    arrays = read_run_arrays(path)
    with reading(path):
        return arrays["table"], arrays["chains"]
