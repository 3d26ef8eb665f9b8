"""Optional trajectory in DCD format, which VMD, OVITO, MDAnalysis and MDTraj read together with `final.pdb`."""

import struct
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import is_rectangular
from mdcore.chem.damage import reading, set_aside
from mdcore.chem.errors import DamagedFile
from mdcore.dynamics.growing_file import GrowingFile

FloatArray = NDArray[np.float64]

_HEADER_BYTES = 276
"""Length of the header that OpenMM writes: 92 bytes of numbers, 172 of title, 12 for the number of atoms."""


class Trajectory:
    """Frames of one run with whole chains, written at the first record after every multiple of an interval.

    The times of the series determine which frames belong to a state of the run. A run that resumes from a checkpoint, or returns to
    one with a smaller time step, therefore truncates the frames that it will write again.

    Args:
        path: File to write.
        n_atoms: Number of atoms.
        interval_ps: Time between frames.
    """

    def __init__(self, path: Path, n_atoms: int, interval_ps: float) -> None:
        self._path, self._n_atoms, self._interval_ps = path, n_atoms, interval_ps
        self._on_disk = GrowingFile(path, _HEADER_BYTES, 80 + 12 * n_atoms)
        self._file: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._on_disk.close()
        self._file = None

    def sync(self) -> None:
        """Flush the frames to disk before a checkpoint that refers to them."""
        self._on_disk.sync()

    def rewind(self, times_ps: Sequence[float] | FloatArray) -> None:
        """Keep the frames of the records at `times_ps`, drop all later ones, and open the file for more."""
        self.close()
        keep = self.count(times_ps)
        if self._path.exists() or self._path.is_symlink():
            try:
                self._check_header()
            except DamagedFile as error:
                set_aside(error)
        # A run that was killed during a write, or was started without a trajectory, has fewer frames than its series implies.
        keep = min(keep, self._on_disk.n_stored)
        if keep:
            self._on_disk.truncate(keep)
            with self._path.open("r+b") as stream:
                stream.seek(8)
                stream.write(struct.pack("<i", keep))
        self._open(append=keep > 0)

    def count(self, times_ps: Sequence[float] | FloatArray) -> int:
        """Return how many frames the records at `times_ps` have."""
        multiples = np.floor(np.asarray(times_ps, dtype=np.float64) / self._interval_ps + 1e-9)
        return int((np.diff(multiples, prepend=0.0) > 0).sum())

    def record(self, before_ps: float, now_ps: float, positions_nm: FloatArray, box_nm: FloatArray) -> None:
        """Write a frame if a multiple of the interval lies between the last record and this one.

        Args:
            before_ps: Time of the record before, 0 for the first.
            now_ps: Time of this record.
            positions_nm: Shape (n, 3).
            box_nm: Box, shape (3, 3).
        """
        if self._file is None or not self.count([before_ps, now_ps]) - self.count([before_ps]):
            return
        from openmm import Vec3, unit

        cell = (
            {"unitCellDimensions": np.diag(box_nm) * unit.nanometer}
            if is_rectangular(box_nm)
            else {"periodicBoxVectors": [Vec3(*row) for row in box_nm.tolist()] * unit.nanometer}
        )
        self._file.writeModel(positions_nm * unit.nanometer, **cell)

    def _check_header(self) -> None:
        """Refuse a file that is not a trajectory of these atoms; one that ends within its header is overwritten.

        Raises:
            DamagedFile: It is something else.
        """
        with reading(self._path):
            with self._path.open("rb") as stream:
                header = stream.read(_HEADER_BYTES)
            if len(header) < _HEADER_BYTES:
                return
            mark, n_atoms = header[4:8], struct.unpack_from("<i", header, _HEADER_BYTES - 8)[0]
            if mark != b"CORD" or n_atoms != self._n_atoms:
                raise ValueError("it is not a DCD file of this cell")

    def _open(self, *, append: bool) -> None:
        from openmm import app, unit

        topology = app.Topology()
        # Each frame has its own box, which is only written if the topology has one.
        topology.setUnitCellDimensions((1.0, 1.0, 1.0) * unit.nanometer)
        residue = topology.addResidue("ALL", topology.addChain())
        for _ in range(self._n_atoms):
            topology.addAtom("X", None, residue)
        self._file = app.DCDFile(
            self._on_disk.open(append=append), topology, self._interval_ps * unit.picosecond, append=append
        )
