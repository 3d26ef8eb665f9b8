"""Chemical elements that can be simulated."""

FORCE_FIELD_ELEMENTS: frozenset[str] = frozenset({"H", "C", "N", "O", "F", "P", "S", "Cl", "Br", "I"})
"""Elements covered by both OpenFF Sage 2.2.1 (valence and Lennard-Jones terms) and the NAGL AM1-BCC charge model."""
