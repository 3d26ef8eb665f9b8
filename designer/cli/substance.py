"""The substance of a simulation from command-line arguments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from designer.config.yaml_file import read_yaml
from designer.errors import InvalidRequest
from mdcore.cell import UnitSequence
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import InvalidSubstance
from mdcore.chem.numbers import parse_number
from mdcore.substances import Copolymer, Homopolymer, Liquid, Substance, substance_of

_SEQUENCES: TypeAdapter[UnitSequence] = TypeAdapter(UnitSequence)


def read_substance(
    structures: Sequence[str], sequence: str | None, fractions: str | None, file: Path | None = None
) -> Substance:
    """Return the substance to simulate.

    Args:
        structures: One repeat unit with stars, several for a copolymer, or one molecule without stars.
        sequence: `alternating`, `random` or `block`; required for copolymers, not allowed otherwise.
        fractions: Mole fractions, separated by commas; equal ones if None.
        file: YAML file with the document of a substance, in place of structures.

    Raises:
        InvalidRequest: The options do not apply to the structures.
        InvalidRepeatUnit: A repeat unit is not valid.
        InvalidMolecule: A molecule is not valid.
        InvalidConfig: The file cannot be read.
    """
    if file is not None:
        if structures or sequence is not None or fractions is not None:
            raise InvalidRequest("--substance cannot be combined with structures, --sequence or --fractions; omit them")
        return _from_file(file)
    if not structures:
        raise InvalidRequest("no structure was given; write a repeat unit as '*CC*', a molecule, or --substance FILE")
    if len(structures) == 1:
        if sequence is not None or fractions is not None:
            raise InvalidRequest("--sequence and --fractions apply to copolymers only; give two or more repeat units")
        text = structures[0]
        if "*" in text or "[#0" in text:
            return Homopolymer(RepeatUnit.from_psmiles(text))
        liquid = Liquid(text)
        # Validated now, before anything is written.
        return Liquid(liquid.key)
    units = tuple(RepeatUnit.from_psmiles(text) for text in structures)
    if sequence is None:
        raise InvalidRequest(f"{len(units)} repeat units need --sequence; use alternating, random or block")
    document: dict[str, Any] = {"kind": sequence}
    if sequence == "alternating":
        if fractions is not None:
            raise InvalidRequest("--fractions does not apply to alternating copolymers; omit it")
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


def _from_file(path: Path) -> Substance:
    try:
        return substance_of(read_yaml(path))
    except InvalidSubstance as error:
        raise InvalidRequest(f"{path}: {error}") from error


def _fractions(text: str | None, n: int) -> tuple[float, ...]:
    if text is None:
        return (1.0 / n,) * n
    try:
        return tuple(parse_number(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidRequest(f"--fractions {text!r} is not a list of numbers; write it as 0.7,0.3") from error
