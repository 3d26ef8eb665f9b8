"""Frames of a run: positions and velocities at equal intervals, read from disk as they are used.

The frames of all stages of a role are in one file, `frames-ROLE.npy`, a structured NumPy array in single precision that
`numpy.load(path, mmap_mode="r")` opens. `FrameFiles` writes them during a run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.errors import NotRecorded
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.frame_files import POSITIONS, VELOCITIES, frame_files

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]


@dataclass(frozen=True)
class Frames:
    """Frames of the stages of a role, in the order in which they were recorded.

    The arrays are views of a file. Only the parts that are used are read, so take slices of frames where memory matters.

    Attributes:
        role: The role.
    """

    role: str
    _stored: NDArray[Any]

    def __len__(self) -> int:
        return len(self._stored)

    @property
    def n_atoms(self) -> int:
        """Number of recorded atoms N, the first of the bundle."""
        name = next(one for one in (POSITIONS, VELOCITIES) if one in self._fields)
        return int(self._stored.dtype[name].shape[0])

    def after(self, first: int) -> "Frames":
        """Return the frames from one on."""
        return Frames(self.role, self._stored[first:])

    @property
    def times_ps(self) -> FloatArray:
        """Time since the start of the simulation in ps, shape (F,)."""
        return np.array(self._stored["time_ps"])

    @property
    def stage_index(self) -> NDArray[np.int64]:
        """Index of the stage in the bundle, shape (F,)."""
        return np.array(self._stored["stage"])

    @property
    def boxes_nm(self) -> FloatArray:
        """Box, shape (F, 3, 3), rows are the vectors, in nm."""
        return np.array(self._stored["box_nm"])

    @property
    def positions_nm(self) -> SingleArray:
        """Positions in nm, shape (F, N, 3), chains whole.

        Raises:
            NotRecorded: The frames do not contain them.
        """
        return self._field(POSITIONS)

    @property
    def velocities_nm_ps(self) -> SingleArray:
        """Velocities in nm/ps, shape (F, N, 3).

        Raises:
            NotRecorded: The frames do not contain them.
        """
        return self._field(VELOCITIES)

    @property
    def _fields(self) -> tuple[str, ...]:
        return tuple(self._stored.dtype.names or ())

    def _field(self, name: str) -> SingleArray:
        if name not in self._fields:
            raise NotRecorded(
                f"frames of {self.role!r} do not contain {name}; set it in the `frames` of the stages with this role"
            )
        return np.asarray(self._stored[name])


def read_frames(folder: Path, bundle: SimulationBundle, role: str) -> Frames:
    """Read the frames of a role of a finished run.

    Args:
        folder: Folder of the run.
        bundle: What was run.
        role: Role of the stages.

    Raises:
        NotRecorded: No stage of this role records frames, or none recorded one.
        DamagedFile: The file is missing, cannot be read, or belongs to another bundle.
    """
    files = frame_files(folder, bundle)
    if role not in files:
        raise NotRecorded(f"the role {role!r} has no frames; roles with frames: {', '.join(files) or 'none'}")
    stored = files[role].read()
    if not len(stored):
        raise NotRecorded(f"{role!r} recorded no frame; make its duration longer than the interval of its frames")
    return Frames(role, stored)


def check_frames(bundle: SimulationBundle, folder: Path) -> None:
    """Check that the files of frames of a finished run are complete.

    Raises:
        DamagedFile: One is missing, cannot be read, or belongs to another bundle.
    """
    for file in frame_files(folder, bundle).values():
        file.read()
