"""Results as values: a measurement with its standard error, or a failure with its reason."""

import math
from collections.abc import Iterable, Mapping
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
        fidelity: Source of the value: `md-quick`, `md-standard`, `md-accurate`, `additive`, `dft`, `experiment` or
            the name given to imported data.
        provenance: Data needed to reproduce it, in JSON types.
    """

    property: str
    value: float
    stderr: float
    unit: str
    fidelity: str
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A failed evaluation and its reason.

    Attributes:
        kind: One of `unparameterisable`, `build`, `exploded`, `unconverged`, `timeout`, `worker`, `infrastructure`,
            `internal`; `outside` for evaluations measured elsewhere.
        message: Human-readable line.
        provenance: Data needed to reproduce it, in JSON types.
    """

    kind: str
    message: str
    provenance: Mapping[str, Any] = field(default_factory=dict)


def unconverged(measurements: Iterable[Measurement]) -> Failure | None:
    """Return a failure if a measurement lacks a finite value and error, else None.

    This rule applies alike to the results of estimators, to the store and to the training data of surrogates.
    """
    flaws = [flaw for measurement in measurements if (flaw := _flaw(measurement))]
    if not flaws:
        return None
    return Failure(
        "unconverged", f"{'; '.join(flaws)}: the sampling is too short for an estimate; lengthen protocol.sample_ps"
    )


def usable(measurements: Iterable[Measurement]) -> tuple[tuple[Measurement, ...], dict[str, str]]:
    """Return the measurements with a finite value and error, and the reasons of the others by property."""
    kept, reasons = list[Measurement](), dict[str, str]()
    for measurement in measurements:
        flaw = unconverged((measurement,))
        if flaw is None:
            kept.append(measurement)
        else:
            reasons[measurement.property] = flaw.message
    return tuple(kept), reasons


def _flaw(measurement: Measurement) -> str | None:
    """Return why a measurement is invalid, or None: value and error must be finite, and the error not negative."""
    if not math.isfinite(measurement.value):
        return f"{measurement.property} is {measurement.value}"
    if not math.isfinite(measurement.stderr) or measurement.stderr < 0:
        return f"the standard error of {measurement.property} is {measurement.stderr:g}"
    return None
