"""The series of a finished run by role and observable."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdcore.bundle import SimulationBundle
from mdcore.chem.damage import reading
from mdcore.chem.errors import NotConverged
from mdcore.dynamics.runner import read_run_arrays
from mdcore.dynamics.series import COLUMNS
from mdcore.estimate import Cooling
from mdcore.settings.stages import DynamicsStage, Stage

FloatArray = NDArray[np.float64]
_CHAINS = ("radius_of_gyration_nm", "end_to_end_nm")


@dataclass(frozen=True)
class Records:
    """Rows of the series.

    Attributes:
        table: Shape (r, columns).
        chains: Shape (r, n_chains, 2).
    """

    table: FloatArray
    chains: FloatArray

    def array(self, observable: str) -> FloatArray:
        """Return an observable, shape (r,) or (r, n_chains)."""
        if observable in _CHAINS:
            return np.asarray(self.chains[:, :, _CHAINS.index(observable)])
        return np.asarray(self.table[:, COLUMNS.index(observable)])

    @property
    def targets_k(self) -> FloatArray:
        """Target temperatures in K, shape (r,)."""
        return self.array("temperature_target_K")


@dataclass(frozen=True)
class RunRecord:
    """What a run recorded.

    Attributes:
        stages: Its stages.
        table: Shape (r, columns).
        chains: Shape (r, n_chains, 2).
    """

    stages: tuple[Stage, ...]
    table: FloatArray
    chains: FloatArray

    @classmethod
    def read(cls, folder: Path, bundle: SimulationBundle) -> "RunRecord":
        """Read the series of a run.

        Raises:
            DamagedFile: There are none that can be read.
        """
        path = folder / "series.npz"
        arrays = read_run_arrays(path)
        with reading(path):
            return cls(bundle.stages, arrays["table"], arrays["chains"])

    def has_role(self, role: str) -> bool:
        """Return whether a stage of the role left a row."""
        return bool(self._rows(role).any())

    def role(self, role: str) -> Records:
        """Return the rows of all stages of a role.

        Raises:
            NotConverged: They ended before their first record.
        """
        rows = self._rows(role)
        if not rows.any():
            raise NotConverged(f"{role} ended before its first record; lengthen it or lower record_interval_ps")
        return Records(self.table[rows], self.chains[rows])

    def last_cooling(self) -> Cooling | None:
        """Return the last cooling among the stages, or None where nothing is cooled."""
        return last_cooling(self.stages)

    def _rows(self, role: str) -> NDArray[np.bool_]:
        wanted = [i for i, stage in enumerate(self.stages) if isinstance(stage, DynamicsStage) and stage.role == role]
        return np.isin(self.table[:, 0], wanted)


def last_cooling(stages: Sequence[Stage]) -> Cooling | None:
    """Return the last cooling among the stages, or None where nothing is cooled."""
    found = None
    for stage in stages:
        if isinstance(stage, DynamicsStage) and stage.temperature_K[0] > stage.temperature_K[1]:
            start, end = stage.temperature_K
            found = Cooling((start - end) / stage.duration_ps, start)
    return found
