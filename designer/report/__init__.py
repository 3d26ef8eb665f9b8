"""The report: one HTML file that opens without a network."""

from designer.report.build import write_report

__all__ = ["write_report"]
