"""From the structures of a command line to what is simulated."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from designer.errors import InvalidRequest
from mdcore.cell import UnitSequence
from mdcore.chem import RepeatUnit
from mdcore.chem.numbers import parse_number
from mdcore.measure import Copolymer, Liquid, Specimen

_SEQUENCES: TypeAdapter[UnitSequence] = TypeAdapter(UnitSequence)


def read_specimen(structures: Sequence[str], sequence: str | None, fractions: str | None) -> Specimen:
    """Read what to simulate.

    Args:
        structures: One repeat unit with stars, several for a copolymer, or one molecule without stars.
        sequence: `alternating`, `random` or `block`; needed by a copolymer, refused otherwise.
        fractions: Mole fractions, separated by commas; equal ones if None.

    Raises:
        InvalidRequest: The options do not belong to the structures.
        InvalidRepeatUnit: A repeat unit is not valid.
        InvalidMolecule: A molecule is not valid.
    """
    if len(structures) == 1:
        if sequence is not None or fractions is not None:
            raise InvalidRequest("--sequence and --fractions belong to a copolymer; give two or more repeat units")
        text = structures[0]
        if "*" in text or "[#0" in text:
            return RepeatUnit.from_psmiles(text)
        liquid = Liquid(text)
        # Read it now: what is wrong with it should be said before anything is written.
        return Liquid(liquid.key)
    units = tuple(RepeatUnit.from_psmiles(text) for text in structures)
    if sequence is None:
        raise InvalidRequest(f"{len(units)} repeat units need --sequence; use alternating, random or block")
    document: dict[str, Any] = {"kind": sequence}
    if sequence == "alternating":
        if fractions is not None:
            raise InvalidRequest("--fractions does not belong to an alternating copolymer; leave it out")
    else:
        document["fractions"] = _fractions(fractions, len(units))
    try:
        return Copolymer(units, _SEQUENCES.validate_python(document))
    except ValidationError as error:
        if sequence not in ("alternating", "random", "block"):
            raise InvalidRequest(f"--sequence {sequence!r} is unknown; use alternating, random or block") from error
        raise InvalidRequest(f"--fractions {fractions!r} must be positive and sum to 1") from error
    except ValueError as error:
        raise InvalidRequest(str(error)) from error


def _fractions(text: str | None, n: int) -> tuple[float, ...]:
    if text is None:
        return (1.0 / n,) * n
    try:
        return tuple(parse_number(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidRequest(f"--fractions {text!r} is no list of numbers; write for example 0.7,0.3") from error


def describe(specimen: Specimen) -> dict[str, Any]:
    """Return the fields of the JSON answer that say what was simulated."""
    if isinstance(specimen, RepeatUnit):
        return {"psmiles": specimen.psmiles, "key": specimen.key}
    if isinstance(specimen, Liquid):
        return {"smiles": specimen.smiles, "key": specimen.key}
    return {
        "psmiles": [unit.psmiles for unit in specimen.units],
        "sequence": specimen.sequence.kind,
        "fractions": list(specimen.fractions),
        "key": specimen.key,
    }


def label(specimen: Specimen) -> str:
    """Name a specimen in one line for people."""
    if isinstance(specimen, RepeatUnit):
        return specimen.psmiles
    if isinstance(specimen, Liquid):
        return f"{specimen.smiles} (liquid)"
    shares = "" if specimen.sequence.kind == "alternating" else " " + ":".join(f"{x:g}" for x in specimen.fractions)
    return f"{' + '.join(unit.psmiles for unit in specimen.units)} ({specimen.sequence.kind}{shares})"
