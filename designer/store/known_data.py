"""The known data of a store as a running campaign follows them."""

from sqlalchemy import Engine

from designer.store.corrections import knowledge_version
from designer.store.imported import ImportedRecord, imported_records
from designer.store.transactions import Patience, read


class KnownData:
    """Tells when the known data of a store were imported, corrected or withdrawn since the last look.

    Args:
        engine: The store.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._version = self._look()

    def changed(self) -> tuple[ImportedRecord, ...] | None:
        """Return the known data, or None where they are as they were."""
        version = self._look()
        if version == self._version:
            return None
        self._version = version
        return imported_records(self._engine)

    def _look(self) -> tuple[int, int]:
        return read(self._engine, Patience(), knowledge_version)
