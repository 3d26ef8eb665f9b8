"""Execution of a simulation on this machine, without effect on what is simulated."""

from typing import Literal

from pydantic import Field

from mdcore.chem.quantities import Picoseconds
from mdcore.settings.base import Settings

PlatformName = Literal["auto", "CUDA", "HIP", "OpenCL", "CPU", "Reference"]


class ExecutionSettings(Settings):
    """Platform, precision and output intervals of a run.

    Attributes:
        platform: OpenMM platform; `auto` takes the first of CUDA, HIP, OpenCL and CPU that works.
        precision: Floating-point precision on a GPU.
        device_index: GPU to use, or None for OpenMM's choice.
        threads: Threads of the CPU platform; None uses 1 for cells below 1000 atoms and all allowed cores for larger cells.
        own_core: Whether a simulation on one thread is pinned to a core that no other simulation has claimed, as long as no other
            load shares that core (Linux only).
        checkpoint_interval_s: Wall time between checkpoints, the maximum that is lost when a run is killed.
        trajectory_interval_ps: Time between frames of `trajectory.dcd`, at least the record interval; None writes no
            trajectory.
    """

    platform: PlatformName = "auto"
    precision: Literal["single", "mixed", "double"] = "mixed"
    device_index: int | None = Field(default=None, ge=0)
    threads: int | None = Field(default=None, ge=1)
    own_core: bool = True
    checkpoint_interval_s: float = Field(default=20.0, gt=0, le=60)
    trajectory_interval_ps: Picoseconds | None = None
