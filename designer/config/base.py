"""What every section of a campaign file derives from."""

from pydantic import BaseModel, ConfigDict, model_validator

from mdcore.chem.numbers import plain_settings


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys, defaults checked like input."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    _plain_numbers = model_validator(mode="before")(plain_settings)
