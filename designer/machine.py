"""Program and machine, as recorded in the provenance of a measurement."""

import os
import platform
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "polymer-designer"


@lru_cache(maxsize=1)
def program() -> dict[str, str | None]:
    """Return version and, in a checkout, git revision of this program."""
    return {"version": program_version(), "git_revision": _git_revision()}


def program_version() -> str:
    """Return the installed version of this program."""
    return metadata.version(DISTRIBUTION)


@lru_cache(maxsize=1)
def host_class() -> str:
    """Return the class of this machine: architecture, cores and GPU, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpus = gpu_names()
    return f"{platform.system()} {platform.machine()}, {cores} cores" + (f", {len(gpus)} {gpus[0]}" if gpus else "")


def gpu_names() -> tuple[str, ...]:
    """Return the names of the NVIDIA GPUs of this machine."""
    shown = _said(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    return tuple(line.strip() for line in shown.splitlines()) if shown else ()


def _git_revision() -> str | None:
    folder = Path(__file__).parent.parent
    if not (folder / ".git").exists():
        return None
    revision = _said(["git", "-C", str(folder), "rev-parse", "HEAD"])
    changed = _said(["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"])
    return f"{revision}+changes" if revision and changed else revision


def _said(command: list[str]) -> str | None:
    """Return the output of a command, or None if it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
