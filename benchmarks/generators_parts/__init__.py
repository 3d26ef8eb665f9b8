"""Sections of `benchmarks/generators.py`; each has `run(arguments) -> figures`."""
