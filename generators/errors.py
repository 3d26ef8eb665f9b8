"""Errors of the generators.

The tree::

    GeneratorsError
    ├── InvalidList (ValueError)          a list of polymers or monomers that cannot be read or used
    ├── InexpressibleUnit (ValueError)    a repeat unit that the grammar cannot express
    ├── InvalidModelFile (ValueError)     a saved language model that is damaged or of another version
    ├── NothingToLearn (ValueError)       an empty training set for a language model
    ├── InvalidFilter (ValueError)        a forbidden motif with an invalid or too large SMARTS
    ├── ImpossibleTarget (RuntimeError)   no particle has a finite likelihood
    └── ExhaustedProposals (RuntimeError) fewer distinct candidates than requested were found
        └── NothingAccepted              the filters reject practically every proposal
"""


class GeneratorsError(Exception):
    """Base class of the errors that the generators raise."""


class InvalidList(GeneratorsError, ValueError):
    """A list of polymers or monomers that cannot be read or used."""


class InexpressibleUnit(GeneratorsError, ValueError):
    """A repeat unit that the grammar cannot express."""


class InvalidModelFile(GeneratorsError, ValueError):
    """A saved language model that is damaged or of another version."""


class NothingToLearn(GeneratorsError, ValueError):
    """An empty training set for a language model."""


class InvalidFilter(GeneratorsError, ValueError):
    """A forbidden motif with an invalid or too large SMARTS."""


class ImpossibleTarget(GeneratorsError, RuntimeError):
    """No particle has a finite likelihood."""


class ExhaustedProposals(GeneratorsError, RuntimeError):
    """Fewer distinct candidates than requested were found."""


class NothingAccepted(ExhaustedProposals):
    """The filters reject practically every proposal, so that requesting fewer candidates does not help."""
