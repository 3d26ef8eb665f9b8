"""Objectives and constraints on properties."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surrogates.errors import InvalidObjective

Direction = Literal["maximise", "minimise", "target"]


@dataclass(frozen=True)
class Objective:
    """One objective.

    The acquisition maximises a score: the value itself, its negative, or the negative distance to the target.

    Attributes:
        property: Registry name.
        direction: `maximise`, `minimise` or `target`.
        target: Target value, required for direction `target` and not allowed otherwise.
        low: Lower edge of the region of interest, in the property's unit. For `maximise`, this is the reference point.
        high: Upper edge of the region of interest. For `minimise`, this is the reference point. For `target`,
            the edge farther from the target defines the reference point.
    """

    property: str
    direction: Direction = "maximise"
    target: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in ("maximise", "minimise", "target"):
            raise InvalidObjective(
                f"direction of {self.property} must be maximise, minimise or target, got {self.direction!r}"
            )
        if (self.direction == "target") != (self.target is not None):
            rule = "requires a target value" if self.target is None else "does not take a target value"
            raise InvalidObjective(f"direction {self.direction!r} of {self.property} {rule}; set both or neither")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise InvalidObjective(
                f"low must be less than high for {self.property}, got {self.low:g} and {self.high:g}; swap them"
            )

    def score(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert values in the property's unit to scores to be maximised, same shape."""
        if self.direction == "maximise":
            return values
        if self.direction == "minimise":
            return -values
        return -np.abs(values - (0.0 if self.target is None else self.target))

    def unscore(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert scores back to values; for `target`, to the distance to the target."""
        return scores if self.direction == "maximise" else -scores

    def reference_score(self) -> float | None:
        """Score of the reference point defined by `low` and `high`, or None."""
        if self.direction == "maximise":
            return self.low
        if self.direction == "minimise":
            return None if self.high is None else -self.high
        distances = [
            abs(edge - self.target) for edge in (self.low, self.high) if edge is not None and self.target is not None
        ]
        return -max(distances) if distances else None


@dataclass(frozen=True)
class Constraint:
    """A range in which a simulated or predicted property must lie.

    Attributes:
        property: Registry name.
        low: Lower bound in the property's unit, or None.
        high: Upper bound, or None.
    """

    property: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise InvalidObjective(f"the constraint on {self.property} has no bounds; set low, high or both")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise InvalidObjective(
                f"low must be less than high for {self.property}, got {self.low:g} and {self.high:g}; swap them"
            )

    def keeps(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the values inside the range, same shape."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return np.asarray((values >= low) & (values <= high))
