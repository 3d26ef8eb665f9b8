"""Substances in a campaign file: documents, and copolymers over a grid of fractions."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from designer.config.base import Section
from designer.config.generators import GeneratorSettings, register_generator
from designer.substances import read_substance
from mdcore.chem import RepeatUnit

if TYPE_CHECKING:
    from mdcore.substances import Substance


def _valid(document: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(document, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError("a substance is described by texts, finite numbers, lists and mappings; correct it") from error
    read_substance(document)
    return document


SubstanceDocument = Annotated[dict[str, Any], AfterValidator(_valid)]
"""A substance as `mdcore.substances.substance_of` reads it."""


def check_distinct(substances: Iterable["Substance"]) -> None:
    """Refuse a substance that is listed twice.

    Raises:
        ValueError: Two have the same key.
    """
    first: dict[str, str] = {}
    for one in substances:
        if one.key in first:
            raise ValueError(f"{one.label!r} is the same substance as {first[one.key]!r}; remove one of them")
        first[one.key] = one.label


class CopolymerGrid(Section):
    """Copolymers of two repeat units over a grid: each of `units` with the second unit, at each fraction.

    Attributes:
        units: First repeat units.
        second: Second repeat unit.
        sequence: `random`: the units are drawn independently along the chain; `block`: one block of each.
        fractions: Mole fractions of the second unit; 0 and 1 are the homopolymers.
    """

    units: Annotated[tuple[str, ...], Field(min_length=1)]
    second: str
    sequence: Literal["random", "block"] = "random"
    fractions: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _copolymers(self) -> "CopolymerGrid":
        second = RepeatUnit.from_psmiles(self.second).key
        first: dict[str, str] = {}
        for text in self.units:
            key = RepeatUnit.from_psmiles(text).key
            if key == second:
                raise ValueError(f"{text!r} is the second unit itself; remove it from units")
            if key in first:
                raise ValueError(f"{text!r} is the same polymer as {first[key]!r}; remove one of them")
            first[key] = text
        for fraction in self.fractions:
            if self.fractions.count(fraction) > 1:
                raise ValueError(f"fraction {fraction:g} is written twice; remove one of them")
        return self

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield the document of each substance; the homopolymer of the second unit once."""
        for number, unit in enumerate(self.units):
            for fraction in self.fractions:
                if fraction == 0:
                    yield {"kind": "homopolymer", "psmiles": unit}
                elif fraction < 1:
                    # 1 - 0.7 is not 0.3 to the last digit, and keys are made of digits.
                    shares = [round(1 - fraction, 12), fraction]
                    sequence = {"kind": self.sequence, "fractions": shares}
                    yield {"kind": "copolymer", "units": [unit, self.second], "sequence": sequence}
                elif number == 0:
                    yield {"kind": "homopolymer", "psmiles": self.second}


@register_generator
class SubstancesSettings(GeneratorSettings):
    """A fixed list of substances: the first evaluations are drawn from it, the acquisition chooses among the others.

    The campaign ends when all of them are evaluated.

    Attributes:
        kind: `substances`.
        substances: Documents, such as `{kind: copolymer, units: ['*CC*', '*CCO*'], sequence: {kind: alternating}}`.
        grid: Copolymers over a grid of fractions.
    """

    kind: Literal["substances"] = "substances"
    substances: tuple[SubstanceDocument, ...] = ()
    grid: CopolymerGrid | None = None

    first: ClassVar[str] = "drawn from the list of substances"

    @model_validator(mode="after")
    def _usable(self) -> "SubstancesSettings":
        found = self.listed()
        if not found:
            raise ValueError("the list of substances is empty; give substances, a grid, or both")
        for one in found:
            if one.composition is None:
                raise ValueError(
                    f"{one.label!r} has no repeat units, so that the surrogates cannot predict its properties; list it in "
                    "initial.substances"
                )
        check_distinct(found)
        return self

    def listed(self) -> tuple["Substance", ...]:
        """Return the substances: those of the documents first, then those of the grid."""
        grid = () if self.grid is None else self.grid.documents()
        return tuple(read_substance(document) for document in (*self.substances, *grid))
