"""What a doctor finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: What was tried.
        state: `works`, `absent` (optional and not there) or `broken` (needed and not working).
        detail: What was found.
        remedy: What to do, empty where it works.
    """

    name: str
    state: str
    detail: str
    remedy: str = ""
