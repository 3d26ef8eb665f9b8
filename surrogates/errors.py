"""Errors and warnings of the surrogates.

The tree::

    SurrogatesError
    ├── InvalidObjective (ValueError)      an objective that contradicts itself
    ├── InvalidObservations (ValueError)   arrays of observations that do not fit together
    ├── UnknownSurrogate (KeyError)        a property no surrogate was fitted for
    ├── NoPriorRange (ValueError)          a property without data and without an entry in the registry
    ├── InvalidPool (ValueError)           a candidate pool or batch size that allows no choice
    ├── UnreadableModel (OSError)          a file that holds no saved surrogates
    └── FitError (ArithmeticError)         a covariance matrix that stays singular under every jitter

    SurrogatesWarning (UserWarning)
    └── JitterWarning                      a covariance matrix needed jitter to be factorised
"""


class SurrogatesError(Exception):
    """Root of every error the surrogates raise on purpose."""


class InvalidObjective(SurrogatesError, ValueError):
    """An objective that contradicts itself."""


class InvalidObservations(SurrogatesError, ValueError):
    """Arrays of observations that do not fit together."""


class UnknownSurrogate(SurrogatesError, KeyError):
    """A property no surrogate was fitted for."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0]) if self.args else ""


class NoPriorRange(SurrogatesError, ValueError):
    """A property without data and without an entry in the registry."""


class InvalidPool(SurrogatesError, ValueError):
    """A candidate pool or batch size that allows no choice."""


class UnreadableModel(SurrogatesError, OSError):
    """A file that holds no saved surrogates."""


class FitError(SurrogatesError, ArithmeticError):
    """A covariance matrix that stays singular under every jitter."""


class SurrogatesWarning(UserWarning):
    """Root of the warnings of the surrogates."""


class JitterWarning(SurrogatesWarning):
    """A covariance matrix needed jitter to be factorised."""
