"""Device of the quantum chemistry: a GPU through gpu4pyscf and CuPy, else the CPU."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from mdcore.optics.errors import OpticsUnavailable

Device = Literal["cpu", "cuda"]


def choose_device(wanted: str) -> Device:
    """Return `cuda` or `cpu`.

    Args:
        wanted: `cpu`, `cuda` or `auto`; `auto` uses a GPU if available.

    Raises:
        OpticsUnavailable: `cuda` was requested, but a library or GPU is missing.
        ValueError: `wanted` has another value.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise ValueError(f"optics device {wanted!r} is unknown; choose auto, cpu or cuda")
    if wanted == "cpu":
        return "cpu"
    obstacle = gpu_obstacle()
    if obstacle is None:
        return "cuda"
    if wanted == "cuda":
        raise OpticsUnavailable(
            f"optics device 'cuda' cannot be used: {obstacle}; pip install 'polymer-designer[dft-gpu]' on a machine with "
            "an NVIDIA GPU, or choose auto"
        )
    return "cpu"


@cache
def gpu_obstacle() -> str | None:
    """Return the reason why a GPU cannot be used, or None if it can."""
    for name in ("gpu4pyscf", "cupy"):
        if find_spec(name) is None:
            return f"{name} is not installed"
    cupy = import_module("cupy")
    try:
        count = int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CUDA initialisation failed ({' '.join(str(error).split())})"
    return None if count else "CUDA found no GPU"


def array_module(device: Device) -> Any:
    """Return the array module of the device: numpy or cupy."""
    return import_module("cupy" if device == "cuda" else "numpy")
