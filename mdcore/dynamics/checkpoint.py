"""Checkpoints: everything that is needed to resume an interrupted run, in one file that is replaced atomically."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mdcore.chem.damage import read_arrays, reading
from mdcore.chem.errors import BundleError
from mdcore.chem.files import replacing
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.series import Series


@dataclass(frozen=True)
class Checkpoint:
    """State of a run between two steps.

    Attributes:
        content_hash: Hash of the bundle it belongs to.
        stage: Index of the stage.
        step: Completed steps of the stage.
        time_ps: Simulated time since the start of the simulation.
        extension: How often the stage has been extended.
        halvings: How often the time step has been halved after blow-ups.
        wall_s: Wall time spent so far.
        platform: Platform and version the binary state is for.
        binary: OpenMM checkpoint, exact on the same platform except for the barostat, whose random numbers and step size it does
            not contain; empty at the start of a stage.
        state_xml: Portable OpenMM State with positions, velocities, box and parameters.
        series: All rows so far; it may grow after the checkpoint was made.
        most_halvings: Most halvings of a time step in any stage so far.
        n_rows: Rows of the series at the checkpoint.
        n_frames: Number of frames of each role at the checkpoint.
        memory: What the stage keeps from one step to the next, in JSON types.
    """

    content_hash: str
    stage: int
    step: int
    time_ps: float
    extension: int
    halvings: int
    wall_s: float
    platform: str
    binary: bytes
    state_xml: str
    series: Series
    most_halvings: int = 0
    n_rows: int = 0
    n_frames: Mapping[str, int] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Replace the checkpoint on disk."""
        meta = {
            "content_hash": self.content_hash,
            "stage": self.stage,
            "step": self.step,
            "time_ps": self.time_ps,
            "extension": self.extension,
            "halvings": self.halvings,
            "wall_s": self.wall_s,
            "platform": self.platform,
            "most_halvings": self.most_halvings,
            "n_frames": dict(self.n_frames),
            "memory": dict(self.memory),
        }
        with replacing(path) as stream:
            np.savez(
                stream,
                allow_pickle=False,
                meta=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
                binary=np.frombuffer(self.binary, dtype=np.uint8),
                state=np.frombuffer(self.state_xml.encode(), dtype=np.uint8),
                **self.series.members(),
            )

    @classmethod
    def read(cls, path: Path, content_hash: str) -> "Checkpoint | None":
        """Return the checkpoint of a bundle, or None if it is missing or belongs to another bundle.

        Raises:
            DamagedFile: It cannot be read, or was written by a later version.
            OSError: The machine could not read it.
        """
        if not path.exists():
            return None
        stored = read_arrays(path)
        with reading(path):
            meta = json.loads(stored["meta"].tobytes())
            if meta.pop("content_hash") != content_hash:
                return None
            meta.pop("n_chains", None)  # earlier versions needed it for the series
            series = Series.restore(stored)
            found = cls(
                content_hash=content_hash,
                binary=stored["binary"].tobytes(),
                state_xml=stored["state"].tobytes().decode(),
                series=series,
                n_rows=len(series),
                **meta,
            )
            try:
                found.state()
            except BundleError as error:
                raise ValueError(str(error)) from error
            return found

    def state(self) -> Any:
        """Return the OpenMM State, or None for a run that has not begun.

        Raises:
            BundleError: It is not a State.
        """
        return read_xml(self.state_xml, "State") if self.state_xml else None
