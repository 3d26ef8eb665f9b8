"""What every section of a campaign file derives from."""

from pydantic import BaseModel, ConfigDict, model_validator

from mdcore.chem.numbers import plain_settings


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys, defaults checked like input, which no error repeats: it may hold a password."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True, allow_inf_nan=False
    )
    _plain_numbers = model_validator(mode="before")(plain_settings)
