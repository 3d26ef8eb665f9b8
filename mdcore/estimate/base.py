"""The result of every estimator."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MODEL = "model"
"""Name of the error component of the method, common to all replicates of a simulation."""


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error.

    Attributes:
        value: The estimate.
        stderr: Its standard error; infinite if the series is too short to estimate it.
        parts: Components of the standard error by origin, whose squares sum to that of `stderr`; empty if there is only one. The
            component `model` is common to all replicates, all others average out.
        about: Further information on how it was estimated, in JSON types.
    """

    value: float
    stderr: float
    parts: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statistical(self) -> float:
        """Component of the standard error that averages out over replicates."""
        return (
            math.hypot(*(error for name, error in self.parts.items() if name != MODEL)) if self.parts else self.stderr
        )

    @property
    def model(self) -> float:
        """Component of the standard error common to all replicates."""
        return self.parts.get(MODEL, 0.0)
