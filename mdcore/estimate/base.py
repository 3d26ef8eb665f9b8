"""The result of every estimator."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MODEL = "model"
"""Name of the part of an error that the method makes, the same in every replicate of a simulation."""


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error.

    Attributes:
        value: The estimate.
        stderr: Its standard error; infinite where the series is too short to tell.
        parts: Standard errors by origin, whose squares sum to that of `stderr`; empty where it has one origin only. The part
            `model` is the same in every replicate, all others average out.
        about: What else a reader should know of how it was made, in JSON types.
    """

    value: float
    stderr: float
    parts: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statistical(self) -> float:
        """Part of the standard error that replicates average out."""
        return (
            math.hypot(*(error for name, error in self.parts.items() if name != MODEL)) if self.parts else self.stderr
        )

    @property
    def model(self) -> float:
        """Part of the standard error that all replicates share."""
        return self.parts.get(MODEL, 0.0)
