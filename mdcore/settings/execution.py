"""How to run a simulation on this machine; nothing here changes what is simulated."""

from typing import Literal

from pydantic import Field

from mdcore.settings.base import Settings

PlatformName = Literal["auto", "CUDA", "HIP", "OpenCL", "CPU", "Reference"]


class ExecutionSettings(Settings):
    """Platform and pace of a run.

    Attributes:
        platform: OpenMM platform; `auto` takes the first of CUDA, HIP, OpenCL and CPU that works.
        precision: Arithmetic on a GPU.
        device_index: GPU to use, or None for OpenMM's choice.
        threads: Threads of the CPU platform; None takes one for cells below 1000 atoms and all allowed cores for larger ones.
        own_core: Whether a simulation on one thread keeps a core that no other simulation has claimed, for as long as it has that
            core to itself; on Linux.
        checkpoint_interval_s: Wall time between checkpoints, and so the most that a killed run loses.
        trajectory_interval_ps: Time between frames of `trajectory.dcd` beside the series, at least the record interval; None
            for no trajectory.
    """

    platform: PlatformName = "auto"
    precision: Literal["single", "mixed", "double"] = "mixed"
    device_index: int | None = Field(default=None, ge=0)
    threads: int | None = Field(default=None, ge=1)
    own_core: bool = True
    checkpoint_interval_s: float = Field(default=20.0, gt=0, le=60)
    trajectory_interval_ps: float | None = Field(default=None, gt=0)
