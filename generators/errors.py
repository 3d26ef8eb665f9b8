"""Errors of the generators.

The tree::

    GeneratorsError
    ├── InvalidList (ValueError)          a list of polymers or monomers that cannot be read
    ├── InexpressibleUnit (ValueError)    a repeat unit that the grammar has no tokens for
    ├── InvalidModelFile (ValueError)     a saved language model that is damaged or of another version
    ├── NothingToLearn (ValueError)       a model asked to fit no repeat unit
    ├── InvalidFilter (ValueError)        a forbidden motif that is no SMARTS
    ├── ImpossibleTarget (RuntimeError)   no particle has a finite likelihood
    └── ExhaustedProposals (RuntimeError) fewer distinct candidates than asked for could be found
        └── NothingAccepted              the filter refuses practically every proposal
"""


class GeneratorsError(Exception):
    """Root of every error the generators raise on purpose."""


class InvalidList(GeneratorsError, ValueError):
    """A list of polymers or monomers that cannot be read."""


class InexpressibleUnit(GeneratorsError, ValueError):
    """A repeat unit that the grammar has no tokens for."""


class InvalidModelFile(GeneratorsError, ValueError):
    """A saved language model that is damaged or of another version."""


class NothingToLearn(GeneratorsError, ValueError):
    """A model asked to fit no repeat unit."""


class InvalidFilter(GeneratorsError, ValueError):
    """A forbidden motif that is no SMARTS."""


class ImpossibleTarget(GeneratorsError, RuntimeError):
    """No particle has a finite likelihood."""


class ExhaustedProposals(GeneratorsError, RuntimeError):
    """Fewer distinct candidates than asked for could be found."""


class NothingAccepted(ExhaustedProposals):
    """The filter refuses practically every proposal, so that asking for fewer does not help."""
