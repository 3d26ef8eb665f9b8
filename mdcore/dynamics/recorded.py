"""Reading what a run recorded: observables by role or stage, and the final cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.errors import NotRecorded
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.engine import degrees_of_freedom
from mdcore.dynamics.frames import Frames, read_frames
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.runner import read_final, read_series
from mdcore.dynamics.series import Series
from mdcore.dynamics.stages import Stage

FloatArray = NDArray[np.float64]


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
    _series: Series
    _chosen: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.times_ps)

    @cached_property
    def observables(self) -> tuple[str, ...]:
        """Names of the observables that these stages recorded."""
        return tuple(name for name in self._series.observables if len(self._series.values(name, self._chosen)[0]))

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
        return self._series.times_ps()[self._find(observable)[0]]

    def _find(self, observable: str) -> tuple[NDArray[np.int64], FloatArray]:
        if observable not in self.observables:
            raise NotRecorded(
                f"observable {observable!r} was not recorded in {self.name!r}; recorded: {', '.join(self.observables)}"
            )
        return self._series.values(observable, self._chosen)


@dataclass(frozen=True)
class RunRecord:
    """What a finished run recorded.

    Attributes:
        bundle: What was run.
        folder: Folder of the run.
    """

    bundle: SimulationBundle
    folder: Path
    _series: Series

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Stages of the bundle."""
        return self.bundle.stages

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of the stages, each once, in the order of their first stage."""
        return tuple(dict.fromkeys(role for stage in self.stages if (role := stage.records_as) is not None))

    @property
    def stage_indices(self) -> tuple[int, ...]:
        """Indices of the stages that recorded a row."""
        return tuple(np.unique(self._series.stage_index).tolist())

    def role(self, name: str) -> Records:
        """Return the rows of all stages of a role.

        Raises:
            NotRecorded: No stage has this role, or none of them recorded a row.
        """
        chosen = [index for index, stage in enumerate(self.stages) if stage.records_as == name]
        if not chosen:
            raise NotRecorded(f"the run has no stage with the role {name!r}; its roles are {', '.join(self.roles)}")
        return self._records(name, chosen)

    def stage(self, which: str | int) -> Records:
        """Return the rows of one stage, by name or by index in the bundle; a name that occurs twice returns both.

        Raises:
            NotRecorded: There is no such stage, or it recorded no row.
        """
        indices = range(len(self.stages))
        if isinstance(which, int):
            chosen = [index for index in indices if index in (which, which + len(self.stages))]
        else:
            chosen = [index for index in indices if self.stages[index].name == which]
        if not chosen:
            raise NotRecorded(
                f"the run has no stage {which!r}; its stages are {', '.join(s.name for s in self.stages)}"
            )
        return self._records(self.stages[chosen[0]].name, chosen)

    def all(self) -> Records:
        """Return the rows of all stages.

        Raises:
            NotRecorded: No row was recorded.
        """
        return self._records("all stages", range(len(self.stages)))

    def frames(self, role: str) -> Frames:
        """Return the frames of all stages of a role.

        Raises:
            NotRecorded: No stage of this role recorded a frame.
            DamagedFile: Their file is missing or cannot be read.
        """
        return read_frames(self.folder, self.bundle, role)

    @cached_property
    def degrees_of_freedom(self) -> int:
        """Degrees of freedom of the kinetic energy: three for each atom, less constraints and the motion of the centre of mass."""
        return degrees_of_freedom(read_xml(self.bundle.system_xml, "System"))

    @cached_property
    def final(self) -> FinalState:
        """Positions and box at the end of the run.

        Raises:
            DamagedFile: The run left no readable `final.npz`.
        """
        return FinalState(*read_final(self.bundle, self.folder))

    def _records(self, name: str, chosen: Sequence[int]) -> Records:
        rows = np.isin(self._series.stage_index, list(chosen))
        if not rows.any():
            raise NotRecorded(f"{name!r} recorded no row; make its duration longer than its record interval")
        head = self._series.head[rows]
        return Records(
            name,
            tuple(self.stages[index] for index in chosen),
            self._series.stage_index[rows],
            head[:, 1].copy(),
            Targets(head[:, 2].copy(), head[:, 3].copy()),
            self._series,
            tuple(chosen),
        )


def read_record(run_folder: Path, bundle: SimulationBundle) -> RunRecord:
    """Read what a finished run of a bundle recorded.

    Args:
        run_folder: Folder of the run.
        bundle: What was run.

    Raises:
        DamagedFile: The run left no readable series, or one of another bundle.
    """
    return RunRecord(bundle, run_folder, read_series(bundle, run_folder))
