"""Errors of the simulation core.

The tree::

    MDCoreError
    ├── InvalidRepeatUnit (ValueError)   a pSMILES that is not a repeat unit
    ├── InvalidMolecule (ValueError)     a SMILES that is not a molecule of a liquid
    ├── UnknownProperty (KeyError)       a name that is not in the property registry
    ├── InvalidSettings (ValueError)     simulation settings that contradict each other
    ├── BuildError (RuntimeError)        a chain or cell without overlaps could not be built
    ├── UnparameterisableError (RuntimeError)  a parameter of the force field or charge model is missing
    ├── BundleError (OSError)            a bundle on disk is missing, damaged or foreign
    │   └── DamagedFile                  a file of a simulation folder is missing or cannot be read
    ├── NotRecorded (KeyError)           a role, stage or observable that a run did not record
    ├── UnknownStage (ValueError)        a kind of stage that is not installed
    ├── UnknownObservable (ValueError)   an observable that is not installed
    ├── ExportError (ValueError)         a cell that cannot be expressed in another engine's files, or an unknown engine
    ├── SimulationExploded (RuntimeError)      the dynamics became unphysical, and retries with smaller steps did too
    ├── NotDetermined (RuntimeError)     the data of a simulation do not determine a property
    ├── NotConverged (RuntimeError)      sampling reached its limit before the convergence tests passed
    └── PlatformUnavailable (RuntimeError)     the requested OpenMM platform is not available
"""

from pathlib import Path


class MDCoreError(Exception):
    """Root of all errors raised by the simulation core."""


class InvalidRepeatUnit(MDCoreError, ValueError):
    """A text is not a valid repeat unit."""


class InvalidMolecule(MDCoreError, ValueError):
    """A text is not the SMILES of a neutral closed-shell molecule."""


class UnknownProperty(MDCoreError, KeyError):
    """A name is not in the property registry."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0]) if self.args else ""


class NotRecorded(MDCoreError, KeyError):
    """A role, stage or observable was not recorded by a run."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0]) if self.args else ""


class UnknownStage(MDCoreError, ValueError):
    """A kind of stage is not provided by this program or an installed plug-in."""


class UnknownObservable(MDCoreError, ValueError):
    """An observable is not provided by this program or an installed plug-in."""


class InvalidSettings(MDCoreError, ValueError):
    """Simulation settings contradict each other."""


class BuildError(MDCoreError, RuntimeError):
    """A chain or cell without overlaps could not be built."""


class UnparameterisableError(MDCoreError, RuntimeError):
    """The force field or charge model lacks a parameter."""


class BundleError(MDCoreError, OSError):
    """A simulation bundle on disk is missing, damaged or of another version."""


class DamagedFile(BundleError):
    """A file or folder of a simulation is missing, damaged or of another version, and can be regenerated.

    Attributes:
        path: The file.
        problem: What is wrong with it, without the file's name.
    """

    path: Path
    problem: str


class ExportError(MDCoreError, ValueError):
    """A cell cannot be written for another engine."""


class SimulationExploded(MDCoreError, RuntimeError):
    """The dynamics produced non-finite or unphysical numbers, even with smaller steps."""


class NotConverged(MDCoreError, RuntimeError):
    """Sampling reached its limit before the convergence tests passed."""


class NotDetermined(MDCoreError, RuntimeError):
    """The data of a simulation do not determine a property; the message gives the reason and the remedy."""


class PlatformUnavailable(MDCoreError, RuntimeError):
    """The requested OpenMM platform does not work on this machine."""


class PluginError(MDCoreError, ValueError):
    """A plug-in is unknown, cannot be imported, or uses a name that is already taken."""


class InvalidSubstance(MDCoreError, ValueError):
    """A document does not describe a substance."""


class PlanError(MDCoreError, ValueError):
    """A property cannot be measured in a simulation with these settings."""
