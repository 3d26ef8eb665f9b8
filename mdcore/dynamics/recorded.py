"""Reading what a run recorded: observables by role or stage, and the final cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdcore.bundle import SimulationBundle
from mdcore.chem.damage import reading
from mdcore.chem.errors import NotRecorded
from mdcore.dynamics.runner import read_run_arrays
from mdcore.settings.stages import Stage

FloatArray = NDArray[np.float64]

_ROW_COLUMNS = ("stage", "time_ps", "temperature_target_K", "pressure_target_atm")
"""Columns of the table that describe a row; the others are observables."""
_CHAIN_VALUES = ("radius_of_gyration_nm", "end_to_end_distance_nm")


class Targets(NamedTuple):
    """Conditions imposed on each row.

    Attributes:
        temperature_K: Thermostat temperature in K, shape (r,).
        pressure_atm: Barostat pressure in atm, shape (r,); the stage's setting, also at constant volume.
    """

    temperature_K: FloatArray
    pressure_atm: FloatArray


class FinalState(NamedTuple):
    """The last configuration of a run.

    Attributes:
        positions_nm: Shape (n, 3), chains whole.
        box_nm: Shape (3, 3), rows are the box vectors in OpenMM's reduced form.
    """

    positions_nm: FloatArray
    box_nm: FloatArray


@dataclass(frozen=True)
class Records:
    """Rows of one or more stages, in the order in which they were recorded.

    Attributes:
        name: Role or stage that was asked for.
        stages: The stages the rows belong to.
        stage_index: Index of the stage in the bundle for each row, shape (r,).
        times_ps: Time since the start of the simulation, shape (r,).
        targets: Temperature and pressure imposed on each row.
    """

    name: str
    stages: tuple[Stage, ...]
    stage_index: NDArray[np.int64]
    times_ps: FloatArray
    targets: Targets
    _values: Mapping[str, tuple[FloatArray, FloatArray]]

    def __len__(self) -> int:
        return len(self.times_ps)

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the observables that were recorded."""
        return tuple(self._values)

    def array(self, observable: str) -> FloatArray:
        """Return the values of an observable, shape (r, *shape); fewer rows if it has an interval of its own.

        Raises:
            NotRecorded: These stages did not record it.
        """
        return self._find(observable)[1]

    def times_of(self, observable: str) -> FloatArray:
        """Return the times in ps of the rows of `array(observable)`.

        Raises:
            NotRecorded: These stages did not record it.
        """
        return self._find(observable)[0]

    def _find(self, observable: str) -> tuple[FloatArray, FloatArray]:
        if observable not in self._values:
            raise NotRecorded(
                f"observable {observable!r} was not recorded in {self.name!r}; recorded: {', '.join(self._values)}"
            )
        return self._values[observable]


@dataclass(frozen=True)
class RunRecord:
    """What a finished run recorded.

    Attributes:
        stages: Stages of the bundle.
        folder: Folder of the run.
        content_hash: Hash of the bundle.
    """

    stages: tuple[Stage, ...]
    folder: Path
    content_hash: str
    _table: FloatArray
    _columns: tuple[str, ...]
    _chains: FloatArray

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of the stages, each once, in the order of their first stage."""
        return tuple(dict.fromkeys(role for stage in self.stages if (role := _role(stage))))

    def role(self, name: str) -> Records:
        """Return the rows of all stages of a role.

        Raises:
            NotRecorded: No stage has this role, or none of them recorded a row.
        """
        chosen = [index for index, stage in enumerate(self.stages) if _role(stage) == name]
        if not chosen:
            raise NotRecorded(f"the run has no stage with the role {name!r}; its roles are {', '.join(self.roles)}")
        return self._records(name, chosen)

    def stage(self, which: str | int) -> Records:
        """Return the rows of one stage, by name or by index in the bundle; a name that occurs twice returns both.

        Raises:
            NotRecorded: There is no such stage, or it recorded no row.
        """
        if isinstance(which, int):
            chosen = list(range(len(self.stages)))[which : which + 1 or None]
        else:
            chosen = [index for index, stage in enumerate(self.stages) if stage.name == which]
        if not chosen:
            raise NotRecorded(
                f"the run has no stage {which!r}; its stages are {', '.join(s.name for s in self.stages)}"
            )
        return self._records(str(which), chosen)

    @cached_property
    def final(self) -> FinalState:
        """Positions and box at the end of the run.

        Raises:
            DamagedFile: The run left no readable `final.npz`.
        """
        path = self.folder / "final.npz"
        arrays = read_run_arrays(path, self.content_hash)
        with reading(path):
            return FinalState(arrays["positions_nm"], box_matrix(arrays["box_nm"]))

    def _records(self, name: str, chosen: Sequence[int]) -> Records:
        stage_index = self._table[:, 0].astype(np.int64)
        rows = np.isin(stage_index, chosen)
        if not rows.any():
            raise NotRecorded(f"{name!r} recorded no row; make its duration longer than its record interval")
        columns = {column: np.ascontiguousarray(self._table[rows, i]) for i, column in enumerate(self._columns)}
        times = columns["time_ps"]
        values = {column: (times, array) for column, array in columns.items() if column not in _ROW_COLUMNS}
        values |= {
            observable: (times, np.ascontiguousarray(self._chains[rows, :, i]))
            for i, observable in enumerate(_CHAIN_VALUES)
        }
        return Records(
            name,
            tuple(self.stages[index] for index in chosen),
            stage_index[rows],
            times,
            Targets(columns["temperature_target_K"], columns["pressure_target_atm"]),
            values,
        )


def read_record(run_folder: Path, bundle: SimulationBundle) -> RunRecord:
    """Read what a finished run of a bundle recorded.

    Args:
        run_folder: Folder of the run.
        bundle: What was run.

    Raises:
        DamagedFile: The run left no readable series, or one of another bundle.
    """
    path = run_folder / "series.npz"
    arrays = read_run_arrays(path, bundle.content_hash)
    with reading(path):
        columns = tuple(str(name) for name in arrays["columns"])
        return RunRecord(bundle.stages, run_folder, bundle.content_hash, arrays["table"], columns, arrays["chains"])


def box_matrix(box: Any) -> FloatArray:
    """Return a box as a matrix of its vectors, shape (3, 3), from the matrix or from three edges."""
    box = np.asarray(box, dtype=np.float64)
    return np.diag(box) if box.shape == (3,) else box


def _role(stage: Stage) -> str | None:
    return getattr(stage, "role", None)
