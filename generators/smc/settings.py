"""Settings of sequential Monte Carlo."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from mdcore.chem.settings import Settings

MAX_SHARPNESS = 1000.0
"""Largest exponent of the likelihood; at this value only its maximum has any weight."""


class SMCSettings(Settings):
    """Settings of a sequential Monte Carlo run.

    Attributes:
        particles: Number of particles.
        ess_fraction: Effective sample size of the weights in one tempering step, as a fraction of the number of particles.
        sweeps: Number of Metropolis-Hastings steps per particle after each resampling.
        tail, segment, respell: Relative frequencies of the moves: regrow the end of a string, regrow a segment, write the same polymer
            from its other end or another cut.
        max_segment: Maximum length of a regrown segment, in tokens.
        sharpness: Final exponent of the likelihood. At 1, the target is the posterior; larger values concentrate the proposals at high
            likelihood, if each proposal should meet a target rather than represent the posterior.
        max_steps: Maximum number of tempering steps; a run that has not reached its target by then fails.
        max_top_up: Maximum number of sweeps at the target to find more distinct candidates if a population contains too few.
    """

    particles: int = Field(default=512, ge=2)
    ess_fraction: float = Field(default=0.5, gt=0.0, lt=1.0)
    sweeps: int = Field(default=3, ge=0)
    tail: float = Field(default=0.5, ge=0.0)
    segment: float = Field(default=0.4, ge=0.0)
    respell: float = Field(default=0.1, ge=0.0)
    max_segment: int = Field(default=8, ge=1)
    sharpness: float = Field(default=1.0, gt=0.0, le=MAX_SHARPNESS, allow_inf_nan=False)
    max_steps: int = Field(default=200, ge=1)
    max_top_up: int = Field(default=20, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, settings: Any) -> Any:
        """Read `max_stages`, the name of `max_steps` until version 0.2."""
        if not isinstance(settings, Mapping) or "max_stages" not in settings:
            return settings
        if "max_steps" in settings:
            raise ValueError("max_stages is the old name of max_steps, and both are written; remove max_stages")
        return {"max_steps" if name == "max_stages" else name: value for name, value in settings.items()}

    @model_validator(mode="after")
    def _check(self) -> "SMCSettings":
        if self.sweeps and not self.tail + self.segment + self.respell:
            raise ValueError("at least one of tail, segment and respell must be positive, got 0 for all")
        return self
