"""Headings of tables of measured values."""

from collections.abc import Sequence

from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from mdcore.chem.naming import at_density, measured_label


def column_label(name: str, records: Sequence[EvaluationRecord], separator: str = " ") -> str:
    """Return the heading of a column, which states the kind of density or, for an optical property, the density it refers to.

    Args:
        name: Registry name of the property.
        records: The rows; if their measurements differ in the density, the plain label is returned.
        separator: Between the label and the density.
    """
    measured = [m for record in records if (m := record.measured(name)) is not None]
    labels = {measured_label(m) for m in measured}
    densities = {density.symbol if (density := at_density(m)) else "" for m in measured}
    label = labels.pop() if len(labels) == 1 else property_spec(name).label
    symbol = densities.pop() if len(densities) == 1 else ""
    return f"{label}{separator}at {symbol}" if symbol else label
