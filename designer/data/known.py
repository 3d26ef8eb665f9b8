"""Conversion of a table into known data."""

from designer.data.fidelity import checked_fidelity
from designer.data.table import DataTable
from designer.store.imported import ImportedRecord


def records_of(table: DataTable, fidelity: str) -> list[ImportedRecord]:
    """Return the values and failures of a table as records of the store.

    Raises:
        InvalidRequest: The fidelity is not a name.
    """
    checked_fidelity(fidelity)
    records = []
    for row in table.rows:
        key, psmiles = row.unit.key, row.unit.psmiles
        for name, value in row.values.items():
            stderr = row.stderrs.get(name, 0.0)
            records.append(ImportedRecord(key, psmiles, name, value, stderr, fidelity, row.line))
        records += [ImportedRecord(key, psmiles, name, None, 0.0, fidelity, row.line) for name in row.failed]
    return records
