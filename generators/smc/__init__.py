"""Sequential Monte Carlo over strings of a language model."""

from generators.smc.sampler import SMCResult, SMCSampler
from generators.smc.settings import SMCSettings

__all__ = ["SMCResult", "SMCSampler", "SMCSettings"]
