"""Registry of kinds of substances."""

from collections.abc import Mapping
from typing import Any

from mdcore.chem.errors import InvalidSubstance
from mdcore.chem.registry import Registry
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.substances.base import Substance
from mdcore.substances.copolymer import Copolymer
from mdcore.substances.homopolymer import Homopolymer
from mdcore.substances.liquid import Liquid

SUBSTANCES: Registry[type[Substance]] = Registry("kind of substance", InvalidSubstance)
"""Kinds of substances; `register_substance` adds one."""


def register_substance(kind: type[Substance]) -> type[Substance]:
    """Add a kind of substance; usable as a decorator.

    Raises:
        PluginError: Its name is already taken.
    """
    return SUBSTANCES.register(kind.kind, kind)


for _kind in (Homopolymer, Copolymer, Liquid):
    register_substance(_kind)


def substance_of(document: Mapping[str, Any]) -> Substance:
    """Read a substance from its document in JSON types.

    Raises:
        InvalidSubstance: The kind is missing or unknown, or a field is invalid.
        InvalidRepeatUnit: A repeat unit is invalid.
        InvalidMolecule: A molecule is invalid.
    """
    fields = dict(document)
    kind = fields.pop("kind", None)
    if not isinstance(kind, str):
        raise InvalidSubstance(f"kind of substance must be given, got {kind!r}; use one of {', '.join(SUBSTANCES)}")
    found = SUBSTANCES.look_up(kind)
    try:
        return found.from_document(fields)
    except InvalidSubstance as error:
        raise InvalidSubstance(f"{kind}: {error}") from error
    except ValueError as error:
        if type(error) is ValueError:
            raise InvalidSubstance(f"{kind}: {error}") from error
        raise


def as_substance(what: RepeatUnit | Substance) -> Substance:
    """Return a substance; a repeat unit is converted to its homopolymer."""
    return Homopolymer(what) if isinstance(what, RepeatUnit) else what
