"""Sequential Monte Carlo over strings of a language model or over syntheses."""

from generators.smc.run import SMCResult
from generators.smc.sampler import SMCSampler
from generators.smc.settings import SMCSettings

__all__ = ["SMCResult", "SMCSampler", "SMCSettings"]
