"""Changes of the known data of a store during a campaign."""

from sqlalchemy import Engine

from designer.store.corrections import knowledge_version
from designer.store.imported import ImportedRecord, imported_records
from designer.store.transactions import Patience, read


class KnownData:
    """Detects imports, corrections and withdrawals of known data since the last call.

    Args:
        engine: The store.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._version = self._look()

    def changed(self) -> tuple[ImportedRecord, ...] | None:
        """Return the known data, or None if they have not changed."""
        version = self._look()
        if version == self._version:
            return None
        self._version = version
        return imported_records(self._engine)

    def _look(self) -> tuple[int, int]:
        return read(self._engine, Patience(), knowledge_version)
