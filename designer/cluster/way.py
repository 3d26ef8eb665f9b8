"""How jobs run on a cluster."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from designer.cluster.parts import WHOLE
from designer.cluster.task import Step
from designer.config.cluster import ClusterSettings


@dataclass(frozen=True)
class Way:
    """How jobs run on a cluster.

    Attributes:
        steps: Steps of a job, in order.
        slots: Number of jobs that the cluster can use at a time.
        resources: Whether workers declare the resources `MD` and `CPU`.
        retries: How often a job is resubmitted after its worker died without any progress.
        transfer: Whether files travel through the workers, which do not see the campaign's folder.
        scratch: With `transfer`, the folder for files on the workers.
        fetch_s: With `transfer`, the time in s between copies of the files of running jobs.
        simulations_per_gpu: Simulations that share a GPU.
        patience_s: Time in s to wait for a scheduler that does not answer.
    """

    steps: tuple[Step, ...] = WHOLE
    slots: Callable[[], int] = field(default=lambda: 1)
    resources: bool = True
    retries: int = 3
    transfer: bool = False
    scratch: str | None = None
    fetch_s: float = 300.0
    simulations_per_gpu: int = 1
    patience_s: float = 0.0

    @classmethod
    def of(cls, settings: ClusterSettings, steps: tuple[Step, ...], slots: Callable[[], int], **more: Any) -> Self:
        """Return how jobs run on a cluster with the given settings.

        Args:
            settings: The section `cluster` of a campaign.
            steps: See the attributes, like the following.
            slots: Number of jobs that the cluster can use at a time.
            more: Other attributes.
        """
        return cls(
            steps=steps,
            slots=slots,
            retries=settings.retries,
            transfer=settings.files == "transfer",
            scratch=settings.scratch,
            fetch_s=settings.fetch_s,
            **more,
        )
