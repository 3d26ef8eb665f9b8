"""Names of fidelities, which say where values come from."""

from designer.errors import InvalidRequest

LONGEST = 64


def checked_fidelity(name: str) -> str:
    """Return the name of a fidelity as a user wrote it: one line of text, without blanks at its ends.

    Raises:
        InvalidRequest: It is none.
    """
    if name and name == name.strip() and len(name) <= LONGEST and name.isprintable():
        return name
    raise InvalidRequest(
        f"fidelity {name!r} is not a name: one line of up to {LONGEST} characters without blanks at its ends; write where the "
        "values come from, as experiment or md-gaff2"
    )
