"""Results as values: a measurement with its standard error, or a failure with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One measured property of one repeat unit.

    Attributes:
        property: Registry name, for example `density`.
        value: Value in the registry's unit.
        stderr: Standard error in the same unit, zero or larger.
        unit: The registry's unit.
        fidelity: Where it comes from: `md-quick`, `md-standard`, `md-accurate`, `additive`, `dft`, `experiment` or
            the name given to imported data.
        provenance: What is needed to reproduce it, in JSON types.
    """

    property: str
    value: float
    stderr: float
    unit: str
    fidelity: str
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why an evaluation has no measurements.

    Attributes:
        kind: One of `unparameterisable`, `build`, `exploded`, `unconverged`, `timeout`, `worker`, `internal`.
        message: One line for people.
        provenance: What is needed to reproduce it, in JSON types.
    """

    kind: str
    message: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
