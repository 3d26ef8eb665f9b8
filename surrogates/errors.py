"""Errors and warnings of the surrogates.

The tree::

    SurrogatesError
    ├── InvalidObjective (ValueError)      inconsistent definition of an objective
    ├── InvalidObservations (ValueError)   observation arrays with inconsistent shapes or invalid values
    ├── UnknownSurrogate (KeyError)        a property without a fitted surrogate
    ├── NoPriorRange (ValueError)          a property without data and without a range in the registry
    ├── InvalidPool (ValueError)           a candidate pool or batch size from which nothing can be selected
    ├── UnreadableModel (OSError)          a file that does not contain saved surrogates
    ├── Unsupported (ValueError)           a request that the learner does not support
    └── FitError (ArithmeticError)         a covariance matrix that is singular even with the largest jitter

    SurrogatesWarning (UserWarning)
    └── JitterWarning                      a covariance matrix was factorised with added jitter
"""


class SurrogatesError(Exception):
    """Base class of the errors that the surrogates raise."""


class InvalidObjective(SurrogatesError, ValueError):
    """Inconsistent definition of an objective."""


class InvalidObservations(SurrogatesError, ValueError):
    """Observation arrays with inconsistent shapes or invalid values."""


class UnknownSurrogate(SurrogatesError, KeyError):
    """A property without a fitted surrogate."""

    def __str__(self) -> str:
        """Return the message without the quotes that `KeyError` adds."""
        return str(self.args[0]) if self.args else ""


class NoPriorRange(SurrogatesError, ValueError):
    """A property without data and without a range in the registry."""


class InvalidPool(SurrogatesError, ValueError):
    """A candidate pool or batch size from which nothing can be selected."""


class UnreadableModel(SurrogatesError, OSError):
    """A file that does not contain saved surrogates."""


class Unsupported(SurrogatesError, ValueError):
    """A request that the learner does not support, such as several fidelities."""


class FitError(SurrogatesError, ArithmeticError):
    """A covariance matrix that is singular even with the largest jitter."""


class SurrogatesWarning(UserWarning):
    """Base class of the warnings of the surrogates."""


class JitterWarning(SurrogatesWarning):
    """A covariance matrix was factorised with added jitter."""
