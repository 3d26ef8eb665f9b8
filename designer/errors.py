"""Errors of the package.

The tree::

    DesignerError
    ├── InvalidConfig (ValueError)           a campaign file that breaks a rule
    ├── MissingFile (FileNotFoundError)      a file that does not exist
    ├── InvalidRequest (ValueError)          a command-line argument that breaks a rule
    ├── ForeignStore (ValueError)            a database that is not a store of this version
    ├── StoreLocked (OSError)                another program has locked the store
    ├── StoreReadOnly (OSError)              write access to a read-only store
    ├── ImportConflict (ValueError)          known data that conflict with an earlier import
    ├── CampaignMismatch (ValueError)        the stored campaign has another identity
    ├── CampaignBusy (OSError)               another process runs this campaign
    ├── UnknownCampaign (LookupError)        the store holds no such campaign
    ├── CampaignFailed (RuntimeError)        the campaign cannot continue
    ├── UnsafeFolder (OSError)               a folder that other users could manipulate
    ├── ClusterLost (RuntimeError)           the scheduler is unreachable
    └── MissingPart (RuntimeError)           a missing part of this machine or environment

Every message is one line with the value, the rule and the remedy. Passwords in addresses are removed.
"""

from designer.redact import without_passwords


class DesignerError(Exception):
    """Base class of all errors of this package."""

    def __init__(self, message: str = "") -> None:
        super().__init__(without_passwords(message))


class InvalidConfig(DesignerError, ValueError):
    """A campaign configuration breaks a rule."""


class MissingFile(DesignerError, FileNotFoundError):
    """A file does not exist."""


class InvalidRequest(DesignerError, ValueError):
    """An argument of a command breaks a rule."""


class ForeignStore(DesignerError, ValueError):
    """A file or database is not a store of this program, or a store of another version."""


class StoreLocked(DesignerError, OSError):
    """The store stayed locked by another program for longer than the timeout."""


class StoreReadOnly(DesignerError, OSError):
    """A store is read-only and would have to be written."""


class ImportConflict(DesignerError, ValueError):
    """A file of known data was imported before with other content."""


class CampaignMismatch(DesignerError, ValueError):
    """The store has a campaign of this name with another identity."""


class CampaignBusy(DesignerError, OSError):
    """Another process is running this campaign."""


class UnknownCampaign(DesignerError, LookupError):
    """The store has no campaign of this name, or has several and no name was given."""


class CampaignFailed(DesignerError, RuntimeError):
    """The campaign cannot continue."""


class UnsafeFolder(DesignerError, OSError):
    """Other users could change files in a folder."""


class ClusterLost(DesignerError, RuntimeError):
    """The scheduler or its workers were unreachable for longer than the timeout."""


class MissingPart(DesignerError, RuntimeError):
    """A part that is missing in this machine or environment."""
