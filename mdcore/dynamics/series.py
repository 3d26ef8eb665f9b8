"""Thermodynamic series of a run: one row per record, grown in memory and kept with the checkpoint."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COLUMNS = (
    "stage",
    "time_ps",
    "temperature_target_K",
    "pressure_target_atm",
    "temperature_K",
    "potential_kj_mol",
    "kinetic_kj_mol",
    "volume_nm3",
    "density_g_cm3",
    "nematic_order",
)
"""Columns of the series; `stage` is the index of the stage, `time_ps` counts from the start of the simulation."""


class Series:
    """Rows of `COLUMNS`, and beside each the radius of gyration and end-to-end distance of every chain.

    Args:
        n_chains: Number of chains.
    """

    def __init__(self, n_chains: int) -> None:
        self.n_chains = n_chains
        self._rows: list[Sequence[float]] = []
        self._chains: list[FloatArray] = []

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, row: Sequence[float], chains: FloatArray) -> None:
        """Add one row and the chain values, shape (n_chains, 2): radius of gyration and end-to-end distance in nm."""
        if len(row) != len(COLUMNS):
            raise ValueError(f"a row of the series has {len(row)} values; it needs {len(COLUMNS)}")
        self._rows.append(tuple(float(value) for value in row))
        self._chains.append(np.asarray(chains, dtype=np.float64))

    @property
    def last_ps(self) -> float:
        """Time of the last row, 0 for none."""
        return self._rows[-1][COLUMNS.index("time_ps")] if self._rows else 0.0

    def times_ps(self) -> FloatArray:
        """Return the times of all rows, shape (r,)."""
        return self.table()[:, COLUMNS.index("time_ps")]

    def truncate(self, n: int) -> None:
        """Keep the first `n` rows."""
        del self._rows[n:]
        del self._chains[n:]

    def table(self) -> FloatArray:
        """Return all rows, shape (r, columns)."""
        return np.array(self._rows, dtype=np.float64).reshape(-1, len(COLUMNS))

    def chains(self) -> FloatArray:
        """Return the chain values, shape (r, n_chains, 2)."""
        return np.array(self._chains, dtype=np.float64).reshape(-1, self.n_chains, 2)

    @classmethod
    def restore(cls, n_chains: int, table: FloatArray, chains: FloatArray) -> "Series":
        """Rebuild a series from what `table` and `chains` returned."""
        series = cls(n_chains)
        for row, values in zip(table, chains, strict=True):
            series.append(row.tolist(), values)
        return series


def chain_sizes(
    positions_nm: FloatArray, masses_amu: FloatArray, chain_index: NDArray[np.int64], ends: NDArray[np.int64]
) -> FloatArray:
    """Return radius of gyration and end-to-end distance of every chain.

    Args:
        positions_nm: Shape (n, 3), chains whole.
        masses_amu: Shape (n,).
        chain_index: Shape (n,), sorted.
        ends: Shape (n_chains, 2), first and last backbone atom of each chain.

    Returns:
        Shape (n_chains, 2), nm.
    """
    starts = np.flatnonzero(np.diff(chain_index, prepend=-1))
    mass = np.add.reduceat(masses_amu, starts)
    centre = np.add.reduceat(masses_amu[:, None] * positions_nm, starts) / mass[:, None]
    square = ((positions_nm - centre[chain_index]) ** 2).sum(axis=1)
    gyration = np.sqrt(np.add.reduceat(masses_amu * square, starts) / mass)
    end_to_end = np.linalg.norm(positions_nm[ends[:, 1]] - positions_nm[ends[:, 0]], axis=1)
    return np.stack([gyration, end_to_end], axis=1)


def nematic_order(vectors: FloatArray) -> float:
    """Return the nematic order parameter P2, the largest eigenvalue of Q = (3 <u u> - 1) / 2.

    Eppenga and Frenkel 1984, doi:10.1080/00268978400101951. It is 1 for parallel segments and about sqrt(1/s) for s segments of
    random direction; 0 for none.

    Args:
        vectors: Shape (s, 3), directions of any length; the sign does not matter.
    """
    if not len(vectors):
        return 0.0
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    q = 1.5 * (unit.T @ unit) / len(unit) - 0.5 * np.eye(3)
    return float(np.linalg.eigvalsh(q)[-1])
