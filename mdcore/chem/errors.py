"""Errors of the simulation core.

The tree::

    MDCoreError
    ├── InvalidRepeatUnit (ValueError)   a pSMILES that is no repeat unit
    ├── InvalidMolecule (ValueError)     a SMILES that is no molecule of a liquid
    ├── UnknownProperty (KeyError)       a name the property registry does not hold
    ├── InvalidSettings (ValueError)     simulation settings that contradict each other
    ├── BuildError (RuntimeError)        no chain or cell without overlaps was found
    ├── UnparameterisableError (RuntimeError)  the force field or the charge model lacks a term
    ├── BundleError (OSError)            a bundle on disk is missing, damaged or foreign
    │   └── DamagedFile                  a file of a simulation folder is missing or cannot be read
    ├── NotRecorded (KeyError)           a role, stage or observable that a run did not record
    ├── UnknownStage (ValueError)        a kind of stage that is not installed
    ├── UnknownObservable (ValueError)   an observable that is not installed
    ├── ExportError (ValueError)         a cell that another engine's files cannot express, or an unknown engine
    ├── SimulationExploded (RuntimeError)      the dynamics left the range of physics and retries did not help
    ├── NotConverged (RuntimeError)      sampling reached its limit before its convergence tests passed
    └── PlatformUnavailable (RuntimeError)     the OpenMM platform that was asked for does not work here
"""

from pathlib import Path


class MDCoreError(Exception):
    """Root of every error the simulation core raises on purpose."""


class InvalidRepeatUnit(MDCoreError, ValueError):
    """A text that does not spell a repeat unit."""


class InvalidMolecule(MDCoreError, ValueError):
    """A text that does not spell a neutral closed-shell molecule."""


class UnknownProperty(MDCoreError, KeyError):
    """A property name that the registry does not hold."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0]) if self.args else ""


class NotRecorded(MDCoreError, KeyError):
    """A role, a stage or an observable that a run did not record."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0]) if self.args else ""


class UnknownStage(MDCoreError, ValueError):
    """A kind of stage that neither this program nor an installed plug-in knows."""


class UnknownObservable(MDCoreError, ValueError):
    """An observable that neither this program nor an installed plug-in knows."""


class InvalidSettings(MDCoreError, ValueError):
    """Simulation settings that contradict each other."""


class BuildError(MDCoreError, RuntimeError):
    """No chain or cell without overlaps was found."""


class UnparameterisableError(MDCoreError, RuntimeError):
    """The force field or the charge model has no parameter for some environment."""


class BundleError(MDCoreError, OSError):
    """A simulation bundle on disk is missing, damaged or of another version."""


class DamagedFile(BundleError):
    """A file or folder of a simulation is missing, damaged or of another version, and can be made again.

    Attributes:
        path: The file.
        problem: What is wrong with it, without the file's name.
    """

    path: Path
    problem: str


class ExportError(MDCoreError, ValueError):
    """A cell cannot be written for another engine."""


class SimulationExploded(MDCoreError, RuntimeError):
    """The dynamics produced non-finite or unphysical numbers, and smaller steps did not help."""


class NotConverged(MDCoreError, RuntimeError):
    """Sampling reached its limit before the convergence tests passed."""


class PlatformUnavailable(MDCoreError, RuntimeError):
    """The OpenMM platform that was asked for does not work on this machine."""


class PluginError(MDCoreError, ValueError):
    """A plug-in is unknown, cannot be imported, or has a name that is taken."""


class InvalidSubstance(MDCoreError, ValueError):
    """A document does not describe a substance."""


class PlanError(MDCoreError, ValueError):
    """A property cannot be measured in a simulation of these settings."""
