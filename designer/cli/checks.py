"""Checks of numbers that the command line takes; each error names the value, the rule and the remedy."""

from designer.errors import InvalidRequest


def at_least(option: str, value: int, lowest: int) -> int:
    """Return `value`.

    Raises:
        InvalidRequest: It is below `lowest`.
    """
    if value < lowest:
        raise InvalidRequest(f"{option} {value} must be at least {lowest}; raise it")
    return value
