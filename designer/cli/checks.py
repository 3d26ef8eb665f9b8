"""Checks of numeric options."""

from designer.errors import InvalidRequest


def at_least(option: str, value: int, lowest: int) -> int:
    """Return `value`.

    Raises:
        InvalidRequest: It is below `lowest`.
    """
    if value < lowest:
        raise InvalidRequest(f"{option} must be at least {lowest}, got {value}")
    return value
