"""Synthetic accessibility score of the repeat unit, 1 (easy) to 10; it needs no simulation and has no error."""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property, Request

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the mean over the repeat units, weighted by mole fraction."""
    from mdcore.chem.accessibility import sa_score
    from mdcore.estimate import Estimate

    substance = evidence.substance
    scores = [x * sa_score(u) for x, u in zip(substance.unit_fractions, substance.repeat_units, strict=True)]
    return Estimate(sum(scores), 0.0)


def refuses(request: Request) -> str | None:
    """Return an error for substances without repeat units."""
    if request.substance is None or request.substance.repeat_units:
        return None
    return f"sa_score is defined for repeat units, got {request.substance.label}; leave it out"


SA_SCORE = Property(
    PropertySpec("sa_score", "1", "Synthetic accessibility score", "SA", 1.0, 10.0, 1.0, 10.0, 0.0),
    estimate,
    needs=Needs(),
    refuses=refuses,
)
