"""Errors of the optics room."""

from mdcore.chem import MDCoreError


class UnknownEnvironment(MDCoreError, LookupError):
    """An atom or bond for which the refraction table holds no value, not even an estimate."""


class OpticsUnavailable(MDCoreError, ImportError):
    """A tier was asked for whose library is not installed."""


class OpticsFailed(MDCoreError, RuntimeError):
    """A quantum-chemical calculation did not converge or gave an unphysical polarizability."""
