"""Records of a run: one row per record, grown in memory and kept with the checkpoint."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.dynamics.observables import STANDARD
from mdcore.dynamics.observables.registry import ROW

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LAYOUT = 2
"""Layout that is written; 1 had a fixed table and the two chain values in one array."""
COLUMNS = (*ROW, *STANDARD[:6])
"""Columns of the table of a standard run: the head of each row, then the observables that are single numbers."""
_CHAIN_VALUES = STANDARD[6:]


class _Values:
    """Values of one observable and the rows that they belong to, in arrays that grow."""

    def __init__(self, values: FloatArray, rows: IntArray) -> None:
        self._values, self._rows, self._n = values, rows, len(rows)

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "_Values":
        return cls(np.empty((0, *shape)), np.empty(0, dtype=np.int64))

    def append(self, row: int, value: FloatArray) -> None:
        if value.shape != self._values.shape[1:]:
            raise ValueError(f"recorded value has shape {value.shape}, expected {self._values.shape[1:]}")
        if self._n == len(self._rows):
            room = max(16, self._n // 4)
            self._values = np.concatenate([self._values, np.empty((room, *self._values.shape[1:]))])
            self._rows = np.concatenate([self._rows, np.empty(room, dtype=np.int64)])
        self._values[self._n], self._rows[self._n] = value, row
        self._n += 1

    def truncate(self, n_rows: int) -> None:
        self._n = int(np.searchsorted(self.rows, n_rows))

    @property
    def values(self) -> FloatArray:
        return self._values[: self._n]

    @property
    def rows(self) -> IntArray:
        return self._rows[: self._n]


class Series:
    """Rows, each with stage, time and the imposed temperature and pressure, and the values of observables at some or all rows."""

    def __init__(self) -> None:
        self._head = _Values.empty((len(ROW),))
        self._observed: dict[str, _Values] = {}

    def __len__(self) -> int:
        return len(self._head.rows)

    def append(self, row: Sequence[float], observed: Mapping[str, FloatArray]) -> None:
        """Add a row.

        Args:
            row: Index of the stage, time since the start in ps, imposed temperature in K and pressure in atm.
            observed: Values of the observables that were recorded, each of its own shape.

        Raises:
            ValueError: The row or a value has another shape than those before.
        """
        at = len(self)
        self._head.append(at, np.array(row, dtype=np.float64))
        for name, value in observed.items():
            if name not in self._observed:
                self._observed[name] = _Values.empty(np.shape(value))
            self._observed[name].append(at, np.asarray(value, dtype=np.float64))

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the observables that have a value."""
        return tuple(name for name, kept in self._observed.items() if len(kept.rows))

    @property
    def stage_index(self) -> IntArray:
        """Index of the stage of each row, shape (r,)."""
        return self.head[:, 0].astype(np.int64)

    @property
    def last_ps(self) -> float:
        """Time of the last row, 0 for none."""
        return float(self.head[-1, 1]) if len(self) else 0.0

    @property
    def head(self) -> FloatArray:
        """Stage, time in ps, imposed temperature in K and pressure in atm of each row, shape (r, 4)."""
        return self._head.values

    def times_ps(self) -> FloatArray:
        """Return the times of all rows, shape (r,)."""
        return self.head[:, 1].copy()

    def values(self, observable: str, stages: Iterable[int] | None = None) -> tuple[IntArray, FloatArray]:
        """Return the rows at which an observable was recorded, shape (k,), and its values, shape (k, *shape).

        Args:
            observable: Its name.
            stages: Indices of stages; all if None.

        Raises:
            KeyError: It was not recorded.
        """
        kept = self._observed[observable]
        if stages is None:
            return kept.rows.copy(), kept.values.copy()
        chosen = np.isin(self.stage_index[kept.rows], list(stages))
        return kept.rows[chosen], kept.values[chosen]

    def truncate(self, n: int) -> None:
        """Keep the first `n` rows."""
        for kept in (self._head, *self._observed.values()):
            kept.truncate(n)

    def members(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of a file that holds the series; `restore` reads them.

        `table` has a column for the head of the row and for each single number that was recorded at every row; `columns` names
        them. `others` names the other observables, whose values are `values_0`, `values_1` and so on; where they lack rows,
        `rows_0`, `rows_1` say which they have. `layout` is the version.
        """
        columns = [self.head]
        names: list[str] = list(ROW)
        others: list[str] = []
        members: dict[str, NDArray[Any]] = {}
        for name in self.observables:
            kept = self._observed[name]
            whole = len(kept.rows) == len(self)
            if whole and kept.values.ndim == 1:
                columns.append(kept.values[:, None])
                names.append(name)
                continue
            members[f"values_{len(others)}"] = kept.values.copy()
            if not whole:
                members[f"rows_{len(others)}"] = kept.rows.copy()
            others.append(name)
        return {
            "layout": np.array(LAYOUT),
            "table": np.concatenate(columns, axis=1),
            "columns": np.array(names),
            "others": np.array(others, dtype=np.str_),
            **members,
        }

    @classmethod
    def restore(cls, members: Mapping[str, NDArray[Any]]) -> "Series":
        """Return the series of a file of this layout or an older one.

        Raises:
            ValueError: It is of a later layout.
            KeyError: An array is missing.
        """
        table = np.asarray(members["table"], dtype=np.float64)
        every = np.arange(len(table))
        series = cls()
        # Layout 1 had no number, and its checkpoints did not name the columns.
        names = [str(name) for name in members["columns"]] if "columns" in members else list(COLUMNS[: table.shape[1]])
        if "layout" not in members:
            others = dict(zip(_CHAIN_VALUES, np.moveaxis(np.asarray(members["chains"]), 2, 0), strict=True))
            parts = {name: (values, every) for name, values in others.items()}
        else:
            if (layout := int(members["layout"])) != LAYOUT:
                raise ValueError(f"layout {layout} of the series is not {LAYOUT}, a later version wrote it")
            parts = {
                str(name): (np.asarray(members[f"values_{i}"]), np.asarray(members.get(f"rows_{i}", every)))
                for i, name in enumerate(members["others"])
            }
        if tuple(names[: len(ROW)]) != ROW or table.shape != (len(table), len(names)):
            raise ValueError(f"the table of the series has the shape {table.shape} and the columns {', '.join(names)}")
        series._head = _Values(table[:, : len(ROW)].copy(), every.copy())
        for i, name in enumerate(names[len(ROW) :], start=len(ROW)):
            series._observed[name] = _Values(table[:, i].copy(), every.copy())
        for name, (values, rows) in parts.items():
            if len(values) != len(rows) or (len(rows) and rows[-1] >= len(table)):
                raise ValueError(f"{len(values)} values of {name} belong to {len(rows)} of {len(table)} rows")
            series._observed[name] = _Values(np.array(values, dtype=np.float64), np.array(rows, dtype=np.int64))
        return series
