"""Known data from tables: columns are mapped to properties, units converted, and unusable rows reported."""

from designer.data.columns import ColumnMap, parse_columns
from designer.data.known import records_of
from designer.data.table import BadRow, DataRow, DataTable, read_table

__all__ = ["BadRow", "ColumnMap", "DataRow", "DataTable", "parse_columns", "read_table", "records_of"]
