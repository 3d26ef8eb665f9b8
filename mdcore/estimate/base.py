"""The result of every estimator."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MODEL = "model"
"""Name of the error component of the method, common to all replicates of a simulation."""
FORCE_FIELD = "force_field"
"""Name of the error component of the force field, common to all replicates of a simulation."""
COMMON = (MODEL, FORCE_FIELD)
"""Error components that do not average out over replicates."""


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error.

    Attributes:
        value: The estimate.
        stderr: Its standard error; infinite if the series is too short to estimate it.
        parts: Components of the standard error by origin, whose squares sum to that of `stderr`; empty if there is only one. The
            components `model` and `force_field` are common to all replicates, all others average out.
        about: Further information on how it was estimated, in JSON types.
    """

    value: float
    stderr: float
    parts: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statistical(self) -> float:
        """Component of the standard error that averages out over replicates."""
        if not self.parts:
            return self.stderr
        return math.hypot(*(error for name, error in self.parts.items() if name not in COMMON))

    @property
    def common(self) -> Mapping[str, float]:
        """Components of the standard error common to all replicates, by name."""
        return {name: self.parts[name] for name in COMMON if name in self.parts}

    @property
    def model(self) -> float:
        """Component of the standard error common to all replicates."""
        return math.hypot(*self.common.values())
