"""Base class of the sections of a campaign file."""

from typing import Any, Self

from pydantic import ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from designer.redact import holds_password, without_passwords
from mdcore.chem.settings import Settings


class Section(Settings):
    """Base class of all sections: frozen, with validated defaults; unknown keys are errors, and errors do not repeat the input."""

    model_config = ConfigDict(hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _no_passwords(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(value)
        except ValidationError as error:
            raise without_passwords_in(error) from None


def without_passwords_in(error: ValidationError) -> ValidationError:
    """Return an error without passwords, which its rules and locations may quote from the input."""
    if not holds_password(str(error)):
        return error
    return ValidationError.from_exception_data(
        error.title, [_safe(item) for item in error.errors(include_url=False)], hide_input=True
    )


def _safe(item: Any) -> InitErrorDetails:
    place = tuple(_safe_value(part) for part in item["loc"])
    context = {name: _safe_value(value) for name, value in item.get("ctx", {}).items()}
    return InitErrorDetails(type=item["type"], loc=place, input=item["input"], ctx=context)


def _safe_value(value: Any) -> Any:
    if isinstance(value, ValueError):
        return ValueError(without_passwords(str(value)))
    return without_passwords(value) if isinstance(value, str) else value
