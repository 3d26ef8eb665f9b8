"""Measured polymers as points of plots."""

from collections.abc import Sequence
from dataclasses import dataclass

from designer.columns import column_label
from designer.store.records import EvaluationRecord
from designer.store.substances import structures_of_record
from mdcore.chem import property_spec
from surrogates import Objective


@dataclass(frozen=True)
class Point:
    """A measured polymer.

    Attributes:
        ordinal: Number of the evaluation.
        psmiles: Repeat unit, or label of another substance.
        origin: Its origin.
        novelty: `new`, `known`, or empty for other substances than homopolymers.
        values: Measured values in the objectives' order and units.
        stderrs: Their standard errors.
        others: Name, value and standard error of the other measured properties.
        route: Its synthesis route in one line; empty if none was searched for.
        probability: Probability of being on the front, or None.
        labels: Labels of measured properties by name, where they differ from the label of the property.
        structures: SMILES of its drawing.
    """

    ordinal: int
    psmiles: str
    origin: str
    novelty: str
    values: tuple[float, ...]
    stderrs: tuple[float, ...]
    others: tuple[tuple[str, float, float], ...] = ()
    route: str = ""
    probability: float | None = None
    labels: tuple[tuple[str, str], ...] = ()
    structures: tuple[str, ...] = ()

    def label(self, name: str) -> str:
        """Return the label of a measured property, including the kind of density or the density it refers to."""
        return dict(self.labels).get(name) or property_spec(name).label


def point_of(
    record: EvaluationRecord, objectives: Sequence[Objective], route: str = "", probability: float | None = None
) -> Point | None:
    """Return an evaluation as a point, or None if an objective was not measured."""
    measured = [record.measured(objective.property) for objective in objectives]
    found = [m for m in measured if m is not None]
    if len(found) < len(objectives):
        return None
    names = {objective.property for objective in objectives}
    others = tuple((m.property, m.value, m.stderr) for m in record.measurements if m.property not in names)
    called = ((m.property, column_label(m.property, [record])) for m in record.measurements)
    labels = tuple((name, label) for name, label in called if label != property_spec(name).label)
    return Point(
        record.ordinal, record.psmiles, record.origin, record.novelty, tuple(m.value for m in found),
        tuple(m.stderr for m in found), others, route, probability, labels,
        structures_of_record(record),
    )  # fmt: skip
