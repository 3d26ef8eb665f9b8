"""A periodic cell list that grows and shrinks like a stack, for growth with backtracking."""

import numpy as np

from mdcore.cell.topology import FloatArray, IntArray


class PeriodicGrid:
    """Positions in a cubic periodic box with a cell list for neighbour search.

    Args:
        edge_nm: Edge of the box.
        capacity: Maximum number of atoms.
        spacing_nm: Target edge of a grid cell.
    """

    def __init__(self, edge_nm: float, capacity: int, spacing_nm: float = 0.5) -> None:
        self.edge_nm = edge_nm
        self._n = max(1, int(edge_nm / spacing_nm))
        self._slots = np.zeros((self._n**3, 16), dtype=np.int64)
        self._counts = np.zeros(self._n**3, dtype=np.int64)
        self._cell_of = np.zeros(capacity, dtype=np.int64)
        self.positions: FloatArray = np.zeros((capacity, 3))
        self._order: list[int] = []

    def _cells(self, points: FloatArray) -> IntArray:
        inside = np.floor((points / self.edge_nm % 1.0) * self._n).astype(np.int64) % self._n
        return np.asarray((inside[:, 0] * self._n + inside[:, 1]) * self._n + inside[:, 2])

    def push(self, first: int, positions: FloatArray) -> None:
        """Add atoms `first`, `first + 1`, ... at `positions`, shape (n, 3), nm."""
        for offset, cell in enumerate(self._cells(positions).tolist()):
            atom = first + offset
            count = self._counts[cell]
            if count == self._slots.shape[1]:
                self._slots = np.concatenate([self._slots, np.zeros_like(self._slots)], axis=1)
            self._slots[cell, count] = atom
            self._counts[cell] = count + 1
            self._cell_of[atom] = cell
            self._order.append(atom)
        self.positions[first : first + len(positions)] = positions

    def pop(self, n: int) -> None:
        """Remove the `n` atoms that were added last."""
        for _ in range(n):
            self._counts[self._cell_of[self._order.pop()]] -= 1

    def near(self, centre: FloatArray, radius_nm: float) -> IntArray:
        """Return the atoms in grid cells that may lie within `radius_nm` of `centre`."""
        width = self.edge_nm / self._n
        reach = int(np.ceil(radius_nm / width))
        if 2 * reach + 1 >= self._n:
            return np.array(sorted(self._order), dtype=np.int64)
        base = np.floor((centre / self.edge_nm % 1.0) * self._n).astype(np.int64)
        steps = np.arange(-reach, reach + 1)
        x, y, z = ((base[axis] + steps) % self._n for axis in range(3))
        cells = ((x[:, None, None] * self._n + y[None, :, None]) * self._n + z[None, None, :]).ravel()
        taken = np.arange(self._slots.shape[1])[None, :] < self._counts[cells][:, None]
        return np.asarray(self._slots[cells][taken])

    def minimum_image(self, displacement: FloatArray) -> FloatArray:
        """Wrap displacement vectors to their shortest periodic image."""
        return np.asarray(displacement - self.edge_nm * np.rint(displacement / self.edge_nm))
