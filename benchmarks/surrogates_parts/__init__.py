"""Sections of `benchmarks/surrogates.py`; each has `run(quick, options) -> figures`."""
