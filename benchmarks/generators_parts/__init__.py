"""Sections of `generators.py` and `generators_choices.py`; each has `run(arguments) -> figures`."""
