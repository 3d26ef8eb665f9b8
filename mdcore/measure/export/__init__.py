"""The final cell of a simulation as input of other engines: configuration, topology and parameters."""

from mdcore.measure.export.cell import export_cell

__all__ = ["export_cell"]
