"""Cost of simulations."""

from collections.abc import Iterable
from dataclasses import dataclass

from designer.store.records import EvaluationRecord

GPU_PLATFORMS = frozenset({"CUDA", "HIP", "OpenCL"})
"""OpenMM platforms whose time counts as GPU time."""


@dataclass(frozen=True)
class Cost:
    """Machine time.

    Attributes:
        simulated_s: Wall time of all simulations together in s.
        core_h: Hours of CPU cores.
        gpu_h: Hours of GPUs.
    """

    simulated_s: float = 0.0
    core_h: float = 0.0
    gpu_h: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.simulated_s + other.simulated_s, self.core_h + other.core_h, self.gpu_h + other.gpu_h)

    def text(self) -> str:
        """Return `12.3 GPU-hours` or `4.56 core-hours`, or both."""
        return " + ".join(f"{hours} {unit}" for hours, unit in self.parts())

    def parts(self) -> list[tuple[str, str]]:
        """Return the cost as pairs of a number and its unit, at least one."""
        spent = [(self.gpu_h, "GPU-hours"), (self.core_h, "core-hours")]
        return [(_three_digits(hours), unit) for hours, unit in spent if hours > 0] or [("0", "core-hours")]


def cost_of(record: EvaluationRecord, threads: int) -> Cost:
    """Return the cost of an evaluation; zero for copied results and for measurements made outside.

    Args:
        record: A finished evaluation.
        threads: CPU threads of a simulation, for results stored before costs were recorded.
    """
    if record.shared_from is not None or record.source != "simulation":
        return Cost()
    if record.cpu_hours or record.gpu_hours:
        return Cost(record.wall_s, record.cpu_hours, record.gpu_hours)
    if record.provenance.get("platform") in GPU_PLATFORMS:
        return Cost(record.wall_s, 0.0, record.wall_s / 3600)
    return Cost(record.wall_s, record.wall_s / 3600 * threads, 0.0)


def cost_of_all(records: Iterable[EvaluationRecord], threads: int) -> Cost:
    """Return the total cost of evaluations."""
    return sum((cost_of(record, threads) for record in records), Cost())


def _three_digits(hours: float) -> str:
    return f"{hours:.0f}" if hours >= 100 else f"{hours:.3g}"
