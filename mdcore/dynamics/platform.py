"""Selection of an OpenMM platform that works on this machine."""

import os
from functools import lru_cache
from typing import Any

from mdcore.chem.errors import PlatformUnavailable
from mdcore.settings.execution import ExecutionSettings

_PREFERENCE = ("CUDA", "HIP", "OpenCL", "CPU")
ONE_THREAD_BELOW_ATOMS = 1000
"""Below this size one pinned thread is as fast as two threads; the crossover lies between 600 and 1200 atoms (polystyrene, two
cores, medians of `benchmarks/cpu_threads.py`)."""


@lru_cache(maxsize=8)
def platform_works(name: str) -> str | None:
    """Test a platform with one particle; return None if it works, else the reason why it does not."""
    import openmm

    try:
        platform = openmm.Platform.getPlatformByName(name)
        system = openmm.System()
        system.addParticle(1.0)
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
        context.setPositions([openmm.Vec3(0, 0, 0)])
        context.getState(getEnergy=True)
    except openmm.OpenMMException as error:
        return str(error).strip().splitlines()[0]
    return None


def choose_platform(settings: ExecutionSettings, n_atoms: int) -> tuple[Any, dict[str, str]]:
    """Return the OpenMM platform and its properties.

    Args:
        settings: Requested platform; if `threads` is None, OPENMM_CPU_THREADS or the size of the cell determines their number.
        n_atoms: Number of atoms.

    Raises:
        PlatformUnavailable: The requested platform, or every platform, fails on this machine.
    """
    import openmm

    names = _PREFERENCE if settings.platform == "auto" else (settings.platform,)
    reasons = {name: platform_works(name) for name in names}
    name = next((name for name in names if reasons[name] is None), None)
    if name is None:
        raise PlatformUnavailable(
            f"platform {settings.platform} does not work here ({'; '.join(f'{k}: {v}' for k, v in reasons.items())}); use platform: auto"
        )
    properties: dict[str, str] = {}
    if name in ("CUDA", "HIP", "OpenCL"):
        properties["Precision"] = settings.precision
        if settings.device_index is not None:
            properties["DeviceIndex"] = str(settings.device_index)
    elif name == "CPU" and (threads := settings.threads or _threads(n_atoms)) is not None:
        properties["Threads"] = str(threads)
    return openmm.Platform.getPlatformByName(name), properties


def _threads(n_atoms: int) -> int | None:
    """Return the number of threads for a cell, or None if OPENMM_CPU_THREADS sets it."""
    if os.environ.get("OPENMM_CPU_THREADS"):
        return None
    if n_atoms < ONE_THREAD_BELOW_ATOMS:
        return 1
    # OpenMM's default counts all cores of the machine, including those that a queue assigned to other jobs.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
