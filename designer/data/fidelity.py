"""Names of fidelities, the sources of values."""

from designer.errors import InvalidRequest

LONGEST = 64


def checked_fidelity(name: str) -> str:
    """Return the name of a fidelity, which must be one line without leading or trailing spaces.

    Raises:
        InvalidRequest: It is not such a name.
    """
    if name and name == name.strip() and len(name) <= LONGEST and name.isprintable():
        return name
    raise InvalidRequest(
        f"fidelity must be one line of up to {LONGEST} characters without leading or trailing spaces, got {name!r}; write the "
        "source of the values, such as experiment or md-gaff2"
    )
