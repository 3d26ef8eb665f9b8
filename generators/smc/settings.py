"""Settings of sequential Monte Carlo."""

from pydantic import Field, model_validator

from mdcore.chem.settings import Settings

MAX_SHARPNESS = 1000.0
"""Largest exponent of the likelihood; long before, only its maximum is left."""


class SMCSettings(Settings):
    """Settings of a sequential Monte Carlo run.

    Attributes:
        particles: Strings in the population.
        ess_fraction: Effective sample size, over the number of particles, to which the weights of one stage may fall.
        sweeps: Metropolis-Hastings steps for each particle after each resampling.
        tail, segment, respell: Relative frequencies of the moves: regrowing the end of a string, regrowing an inner piece,
            writing the same polymer from its other end or another cut.
        max_segment: Longest inner piece, in tokens.
        sharpness: Final exponent of the likelihood. At 1 the target is the posterior; above, proposals concentrate where the
            likelihood is high, as wanted where each proposal should meet a target rather than stand for all that might.
        max_stages: Stages after which a run that has not reached its target is given up.
        max_top_up: Sweeps at the target spent on finding more distinct candidates when a population holds too few.
    """

    particles: int = Field(default=512, ge=2)
    ess_fraction: float = Field(default=0.5, gt=0.0, lt=1.0)
    sweeps: int = Field(default=3, ge=0)
    tail: float = Field(default=0.5, ge=0.0)
    segment: float = Field(default=0.4, ge=0.0)
    respell: float = Field(default=0.1, ge=0.0)
    max_segment: int = Field(default=8, ge=1)
    sharpness: float = Field(default=1.0, gt=0.0, le=MAX_SHARPNESS, allow_inf_nan=False)
    max_stages: int = Field(default=200, ge=1)
    max_top_up: int = Field(default=20, ge=0)

    @model_validator(mode="after")
    def _check(self) -> "SMCSettings":
        if self.sweeps and not self.tail + self.segment + self.respell:
            raise ValueError(
                "tail, segment and respell are all 0, so particles could not move; set one of them above 0"
            )
        return self
