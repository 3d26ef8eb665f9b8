"""Findings of `designer doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: The part that was checked.
        state: `works`, `absent` (optional and missing) or `broken` (required and not working).
        detail: The finding.
        remedy: What to do; empty if it works.
    """

    name: str
    state: str
    detail: str
    remedy: str = ""
