"""Results of quantum chemistry in a store: each repeat unit is computed once for all campaigns of it."""

import time

from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session

from designer.store.orm import RefractionRow
from designer.store.transactions import Patience, read, write


class RefractionStore:
    """Polarizabilities of repeat units by the key that tells unit, level of theory, scheme and conformers.

    A store that an earlier version made gets its table here.

    Args:
        engine: An opened store.
        patience: How long it is waited for; not at all without.

    Raises:
        StoreLocked: The database does not let us in; of the methods, too.
    """

    def __init__(self, engine: Engine, patience: Patience | None = None) -> None:
        self._engine, self._patience = engine, patience or Patience()
        if not inspect(engine).has_table(RefractionRow.__tablename__):
            table = RefractionRow.metadata.tables[RefractionRow.__tablename__]
            write(engine, self._patience, lambda session: table.create(session.connection(), checkfirst=True))

    def get(self, cache_key: str) -> str | None:
        """Return what was kept under a key of the DFT tier, or None."""
        query = select(RefractionRow.record).where(RefractionRow.cache_key == cache_key)
        return read(self._engine, self._patience, lambda session: session.scalar(query))

    def keep(self, cache_key: str, unit_key: str, level: str, record: str) -> None:
        """Keep a result; one that is there already stays.

        Args:
            cache_key: Key of the DFT tier.
            unit_key: Canonical key of the repeat unit.
            level: Level of theory.
            record: What the DFT tier wrote.
        """

        def add(session: Session) -> None:
            if session.get(RefractionRow, cache_key) is None:
                session.add(
                    RefractionRow(
                        cache_key=cache_key, unit_key=unit_key, level=level, record=record, computed_at=time.time()
                    )
                )

        write(self._engine, self._patience, add)
