"""The report, and the comparison of campaigns: HTML files that open without a network."""

from designer.report.build import write_report
from designer.report.compare_page import write_comparison

__all__ = ["write_comparison", "write_report"]
