"""What the search wants of one property."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surrogates.errors import InvalidObjective

Direction = Literal["maximise", "minimise", "target"]


@dataclass(frozen=True)
class Objective:
    """One objective.

    Inside the acquisition every objective is a score to be maximised: the value itself, its negative, or minus the
    distance to the target.

    Attributes:
        property: Registry name.
        direction: `maximise`, `minimise` or `target`.
        target: The value to aim at; needed for `target`, refused otherwise.
        low: Lower edge of the region of interest, in the property's unit. For `maximise` it is the reference point.
        high: Upper edge of the region of interest. For `minimise` it is the reference point. For `target` the
            edge farther from the target gives the reference point.
    """

    property: str
    direction: Direction = "maximise"
    target: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in ("maximise", "minimise", "target"):
            raise InvalidObjective(
                f"direction {self.direction!r} of {self.property} is unknown; use maximise, minimise or target"
            )
        if (self.direction == "target") != (self.target is not None):
            rule = "needs a target" if self.target is None else "takes no target"
            raise InvalidObjective(f"direction {self.direction!r} of {self.property} {rule}; set both or neither")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise InvalidObjective(f"low {self.low:g} of {self.property} is not below high {self.high:g}; swap them")

    def score(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn values in the property's unit into scores to be maximised, same shape."""
        if self.direction == "maximise":
            return values
        if self.direction == "minimise":
            return -values
        return -np.abs(values - (0.0 if self.target is None else self.target))

    def unscore(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn scores back into values; for `target` into the distance to the target."""
        return scores if self.direction == "maximise" else -scores

    def reference_score(self) -> float | None:
        """Score of the reference point that `low` and `high` give, or None."""
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
    """A range that a property must keep, simulated or predicted.

    Attributes:
        property: Registry name.
        low: Lower edge in the property's unit, None for none.
        high: Upper edge, None for none.
    """

    property: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise InvalidObjective(f"the constraint on {self.property} has no edge; give low, high or both")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise InvalidObjective(f"low {self.low:g} of {self.property} is not below high {self.high:g}; swap them")

    def keeps(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the values inside the range, same shape."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return np.asarray((values >= low) & (values <= high))
