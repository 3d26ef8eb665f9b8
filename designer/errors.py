"""Errors of the operator.

The tree::

    DesignerError
    ├── InvalidConfig (ValueError)           a campaign file that breaks a rule
    ├── MissingFile (FileNotFoundError)      a file that is not there
    ├── InvalidRequest (ValueError)          a command-line argument that breaks a rule
    ├── ForeignStore (ValueError)            a database that is no store, or one of another version
    ├── StoreLocked (OSError)                another program holds the store
    ├── StoreReadOnly (OSError)              a store that would have to be written can only be read
    ├── ImportConflict (ValueError)          known data that contradict what was imported before
    ├── CampaignMismatch (ValueError)        the store holds this campaign with other identity
    ├── CampaignBusy (OSError)               another process runs this campaign
    ├── UnknownCampaign (LookupError)        the store holds no such campaign
    ├── CampaignFailed (RuntimeError)        the campaign cannot go on
    ├── UnsafeFolder (OSError)               a folder for our files that other users could change
    ├── ClusterLost (RuntimeError)           the scheduler went away for good
    └── MissingPart (RuntimeError)           something this machine lacks

Every message is one line: the value, the rule and the remedy. None repeats the password of an address, wherever it was typed.
"""

from designer.redact import without_passwords


class DesignerError(Exception):
    """Root of every error the operator raises on purpose."""

    def __init__(self, message: str = "") -> None:
        super().__init__(without_passwords(message))


class InvalidConfig(DesignerError, ValueError):
    """A campaign configuration breaks a rule."""


class MissingFile(DesignerError, FileNotFoundError):
    """A file is not where the user said it is."""


class InvalidRequest(DesignerError, ValueError):
    """An argument of a command breaks a rule."""


class ForeignStore(DesignerError, ValueError):
    """A file or database is no store of this program, or a store of another version."""


class StoreLocked(DesignerError, OSError):
    """Another program holds the store's lock for longer than we wait."""


class StoreReadOnly(DesignerError, OSError):
    """A store that would have to be written can only be read."""


class ImportConflict(DesignerError, ValueError):
    """A file of known data was imported before with other content."""


class CampaignMismatch(DesignerError, ValueError):
    """The store holds a campaign of this name that asks for other measurements."""


class CampaignBusy(DesignerError, OSError):
    """Another process runs this campaign at this moment."""


class UnknownCampaign(DesignerError, LookupError):
    """The store holds no campaign of this name, or several and none was named."""


class CampaignFailed(DesignerError, RuntimeError):
    """The campaign cannot go on."""


class UnsafeFolder(DesignerError, OSError):
    """Other users could change what we write into a folder."""


class ClusterLost(DesignerError, RuntimeError):
    """The scheduler or its workers are out of reach for longer than we wait."""


class MissingPart(DesignerError, RuntimeError):
    """Something that this machine or environment lacks."""
