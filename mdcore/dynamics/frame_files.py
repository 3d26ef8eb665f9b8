"""Files of frames, written while a run goes on, and their layout."""

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.damage import damaged, reading
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.growing_file import GrowingFile
from mdcore.dynamics.stages import FrameSettings

POSITIONS, VELOCITIES = "positions_nm", "velocities_nm_ps"
"""Names of the fields of a frame that a stage can leave out."""


class FrameFile:
    """The frames of one role.

    Args:
        path: The file.
        dtype: Type of one frame.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._path, self._dtype = path, dtype
        self._on_disk = GrowingFile(path, len(self._header(0)), dtype.itemsize)
        self._n = 0

    def read(self) -> NDArray[Any]:
        """Return the frames of a finished run as a view of the file.

        Raises:
            DamagedFile: The file is missing, incomplete, or not one of this run.
        """
        with reading(self._path):
            n = self._check_header()
            found, expected = self._path.stat().st_size, len(self._header(n)) + n * self._dtype.itemsize
            if found != expected:
                raise ValueError(f"{found} bytes instead of {expected}")
            if not n:
                return np.empty(0, dtype=self._dtype)
            return np.memmap(self._path, dtype=self._dtype, mode="r", offset=len(self._header(n)), shape=(n,))

    def check(self, n: int) -> None:
        """Check that a checkpoint's `n` frames are there.

        Raises:
            DamagedFile: There are fewer, or it is not a file of this run.
        """
        if not n:
            return
        with reading(self._path):
            self._check_header()
        if self._on_disk.n_stored < n:
            raise damaged(self._path, f"it has {self._on_disk.n_stored} of {n} frames")

    def rewind(self, n: int) -> None:
        """Keep `n` frames and open the file for more; see `check`."""
        self.close()
        if n:
            self._on_disk.truncate(n)
        self._on_disk.open(append=n > 0)
        self._n = n
        self._write_header()

    def append(self, stage: int, time_ps: float, state: Any) -> None:
        """Write a frame; see `FrameFiles.append`."""
        frame = np.zeros((), dtype=self._dtype)
        # Rounding makes the time independent of the step at which a run was resumed.
        frame["time_ps"], frame["stage"] = round(time_ps, 9), stage
        frame["box_nm"] = state.getPeriodicBoxVectors(asNumpy=True)._value
        # Frames of a blow-up overflow single precision; the run removes them when it returns to its checkpoint.
        with np.errstate(over="ignore", invalid="ignore"):
            for name, read in ((POSITIONS, state.getPositions), (VELOCITIES, state.getVelocities)):
                if name in (self._dtype.names or ()):
                    n_atoms = self._dtype[name].shape[0]
                    frame[name] = read(asNumpy=True)._value[:n_atoms]
        self._on_disk.stream.write(frame.tobytes())
        self._n += 1

    def sync(self) -> int:
        """Synchronise the file to disk and return the number of its frames."""
        self._write_header()
        self._on_disk.sync()
        return self._n

    def close(self) -> None:
        """Close the file."""
        if self._on_disk.is_open:
            self._write_header()
        self._on_disk.close()

    def _header(self, n: int) -> bytes:
        stream = BytesIO()
        # NumPy reserves room for the number of rows, so that the length does not depend on it.
        np.lib.format.write_array_header_1_0(
            stream, {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (n,)}
        )
        return stream.getvalue()

    def _write_header(self) -> None:
        stream, header = self._on_disk.stream, self._header(self._n)
        stream.seek(0)
        stream.write(header)
        stream.seek(0, os.SEEK_END)

    def _check_header(self) -> int:
        """Return the number of frames by the header.

        Raises:
            ValueError: The file is not one of this bundle.
        """
        with self._path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            (n, *_), _, dtype = np.lib.format.read_array_header_1_0(stream)
        if np.lib.format.dtype_to_descr(dtype) != np.lib.format.dtype_to_descr(self._dtype):
            raise ValueError("it belongs to another simulation")
        return int(n)


class FrameFiles:
    """The files of frames of one run, written during the run.

    Args:
        folder: Folder of the run.
        bundle: What is run.
    """

    def __init__(self, folder: Path, bundle: SimulationBundle) -> None:
        self._files = frame_files(folder, bundle)

    def check(self, counts: Mapping[str, int]) -> None:
        """Check that the files have the frames of a checkpoint.

        Args:
            counts: Number of frames of each role at the checkpoint.

        Raises:
            DamagedFile: A file has fewer, or is not one of this run.
        """
        for role, file in self._files.items():
            file.check(counts.get(role, 0))

    def rewind(self, counts: Mapping[str, int]) -> None:
        """Keep the frames of a checkpoint, remove all later ones, and open the files for more; see `check`."""
        for role, file in self._files.items():
            file.rewind(counts.get(role, 0))

    def append(self, role: str, stage: int, time_ps: float, state: Any) -> None:
        """Write a frame.

        Args:
            role: Role of the stage.
            stage: Index of the stage.
            time_ps: Time since the start of the simulation.
            state: OpenMM State with positions and velocities.
        """
        self._files[role].append(stage, time_ps, state)

    def sync(self) -> dict[str, int]:
        """Synchronise the files to disk and return the number of frames of each role."""
        return {role: file.sync() for role, file in self._files.items()}

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


def frame_files(folder: Path, bundle: SimulationBundle) -> dict[str, FrameFile]:
    """Return the files of frames of a run by role."""
    found: dict[str, list[FrameSettings]] = {}
    for stage in bundle.stages:
        if stage.recorded_frames is not None and stage.records_as is not None:
            found.setdefault(stage.records_as, []).append(stage.recorded_frames)
    return {role: FrameFile(folder / f"frames-{role}.npy", _dtype(bundle, own)) for role, own in found.items()}


def _dtype(bundle: SimulationBundle, settings: Sequence[FrameSettings]) -> np.dtype[Any]:
    """Return the type of a frame with all that any stage of a role asks for; the title of the first field is the bundle's hash."""
    n = max(_n_recorded(bundle, one.max_atoms) for one in settings)
    fields: list[Any] = [
        ((f"bundle {bundle.content_hash}", "time_ps"), "<f8"),
        ("stage", "<i8"),
        ("box_nm", "<f8", (3, 3)),
    ]
    if any(one.positions for one in settings):
        fields.append((POSITIONS, "<f4", (n, 3)))
    if any(one.velocities for one in settings):
        fields.append((VELOCITIES, "<f4", (n, 3)))
    return np.dtype(fields)


def _n_recorded(bundle: SimulationBundle, max_atoms: int | None) -> int:
    if max_atoms is None:
        return bundle.n_atoms
    ends = np.cumsum(np.bincount(bundle.arrays["chain_index"]))
    return int(max(ends[0], ends[ends <= max_atoms].max(initial=0)))
