"""Which frames a stage records."""

from pydantic import Field, model_validator

from mdcore.chem.quantities import Picoseconds
from mdcore.settings.base import Settings


class FrameSettings(Settings):
    """Frames of a stage, written to a file beside the series; `mdcore.dynamics.read_frames` reads them.

    Attributes:
        interval_ps: Time between frames, rounded to a whole number of time steps. It may be shorter than the record interval.
        positions: Whether frames contain positions.
        velocities: Whether frames contain velocities.
        max_atoms: Record only as many whole chains or molecules, from the first on, as have at most this number of atoms, and at
            least one; None records all atoms.
    """

    interval_ps: Picoseconds
    positions: bool = True
    velocities: bool = True
    max_atoms: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _not_empty(self) -> "FrameSettings":
        if not (self.positions or self.velocities):
            raise ValueError("frames without positions and velocities are empty; set positions or velocities to true")
        return self
