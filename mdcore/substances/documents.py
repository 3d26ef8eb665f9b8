"""Validation of the documents of substances, with one-line errors."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError

from mdcore.chem.errors import InvalidSubstance
from mdcore.settings.base import Settings


class Document(Settings):
    """Fields of a substance's document."""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Return the validated fields.

        Raises:
            InvalidSubstance: A field is missing, unknown or invalid.
        """
        try:
            return cls.model_validate(dict(document))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            names = ", ".join(cls.model_fields)
            if first["type"] == "missing":
                raise InvalidSubstance(f"{where} is missing; the fields are {names}") from error
            if first["type"] == "extra_forbidden":
                raise InvalidSubstance(f"{where} is unknown; the fields are {names}") from error
            rule = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
            raise InvalidSubstance(f"{where} {first['input']!r}: {rule}") from error
