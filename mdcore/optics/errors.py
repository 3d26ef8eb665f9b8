"""Errors of `mdcore.optics`."""

from mdcore.chem import MDCoreError


class UnknownEnvironment(MDCoreError, LookupError):
    """An atom or bond has no value in the refraction table, not even an estimate."""


class OpticsUnavailable(MDCoreError, ImportError):
    """The library or device of the requested tier is not available."""


class OpticsFailed(MDCoreError, RuntimeError):
    """A quantum-chemical calculation did not converge or gave an unphysical polarizability."""
