"""Base class of settings models."""

from pydantic import BaseModel, ConfigDict, model_validator

from mdcore.chem.numbers import plain_settings


class Settings(BaseModel):
    """Frozen settings that reject unknown keys and validate defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
    _plain_numbers = model_validator(mode="before")(plain_settings)
