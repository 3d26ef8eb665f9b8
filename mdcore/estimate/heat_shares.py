"""Shares of the components of a heat flow, and whether they close."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.estimate.base import Estimate
from mdcore.estimate.thermodynamics import mean_estimate

FloatArray = NDArray[np.float64]

CLOSED_STDERRS = 2.0
"""Standard errors within which the sum of the components must agree with the imposed flow."""
LARGEST_STDERR = 0.3
"""Largest standard error of the sum, as a fraction of the imposed flow, for which its agreement means anything."""


@dataclass(frozen=True)
class Share:
    """One component as a fraction of the imposed flow.

    Attributes:
        name: Name of the component.
        total: Both parts together.
        within: Part within chains.
        between: Part between different chains.
    """

    name: str
    total: Estimate
    within: Estimate
    between: Estimate


@dataclass(frozen=True)
class HeatFlowShares:
    """Components of a heat flow as fractions of the imposed flow. They are not normalised to their sum.

    Attributes:
        components: One share for each component.
        total: Sum of all components; 1 if the decomposition closes.
        residual: The imposed flow less the sum.
        n_frames: Number of frames.
    """

    components: tuple[Share, ...]
    total: Estimate
    residual: Estimate
    n_frames: int

    @property
    def closes(self) -> bool | None:
        """Whether the sum agrees with the imposed flow within two standard errors; None if the error is too large to tell."""
        if not self.residual.stderr <= LARGEST_STDERR:
            return None
        return bool(abs(self.residual.value) <= CLOSED_STDERRS * self.residual.stderr)

    def document(self) -> dict[str, Any]:
        """Return the shares in JSON types."""

        def row(estimate: Estimate) -> dict[str, float]:
            return {"value": estimate.value, "stderr": estimate.stderr}

        shares: Mapping[str, Any] = {
            one.name: row(one.total) | {"within": row(one.within), "between": row(one.between)}
            for one in self.components
        }
        return {
            "components": dict(shares),
            "sum": row(self.total),
            "residual": row(self.residual),
            "closes": self.closes,
            "n_frames": self.n_frames,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "HeatFlowShares":
        """Return the shares from the output of `document`."""

        def estimate(row: Mapping[str, Any]) -> Estimate:
            return Estimate(row["value"], row["stderr"])

        components = tuple(
            Share(name, estimate(row), estimate(row["within"]), estimate(row["between"]))
            for name, row in document["components"].items()
        )
        return cls(components, estimate(document["sum"]), estimate(document["residual"]), document["n_frames"])


def heat_flow_shares(powers: FloatArray, names: Sequence[str], imposed: float) -> HeatFlowShares:
    """Estimate the shares of a heat flow with errors that take the correlation of successive frames into account.

    Args:
        powers: Power of each frame and component within and between chains, shape (frames, components, 2).
        names: Names of the components.
        imposed: Imposed power in the same unit, positive.

    Raises:
        ValueError: The imposed power is not positive, or there is no frame.
    """
    if not imposed > 0.0:
        raise ValueError(f"the imposed power must be positive, got {imposed:g}; the first slab is the hot one")
    if not len(powers):
        raise ValueError("a heat flow needs at least one frame; record frames with positions and velocities")
    shares = np.asarray(powers, dtype=np.float64) / imposed
    components = tuple(
        Share(
            name,
            mean_estimate(shares[:, i].sum(axis=1)),
            mean_estimate(shares[:, i, 0]),
            mean_estimate(shares[:, i, 1]),
        )
        for i, name in enumerate(names)
    )
    total = mean_estimate(shares.sum(axis=(1, 2)))
    return HeatFlowShares(components, total, Estimate(1.0 - total.value, total.stderr), len(shares))
