"""Sections of `benchmarks/active_learning.py`; each has `run(quick, options) -> figures`."""
