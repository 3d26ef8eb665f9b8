"""Sections of `generation.py` and `generation_choices.py`; each has `run(arguments) -> figures`."""
