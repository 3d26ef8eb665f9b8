"""Results of calculations in a store, computed once for all its campaigns."""

import time

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from designer.store.orm import CalculationRow
from designer.store.transactions import Patience, read, write


class CalculationStore:
    """Results of calculations by the keys of their pieces, which encode subject, level of theory and settings.

    Args:
        engine: An opened store.
        patience: Time to wait for the store; by default it is not waited for.

    Raises:
        StoreLocked: The database is locked; also raised by the methods.
    """

    def __init__(self, engine: Engine, patience: Patience | None = None) -> None:
        self._engine, self._patience = engine, patience or Patience()

    def get(self, key: str) -> str | None:
        """Return the result of a piece, or None."""
        query = select(CalculationRow.record).where(CalculationRow.key == key)
        return read(self._engine, self._patience, lambda session: session.scalar(query))

    def keep(self, key: str, calculation: str, subject: str, level: str, record: str) -> None:
        """Record a result; an existing one is kept.

        Args:
            key: Key of the piece.
            calculation: Registry name of the calculation.
            subject: Key of the repeat unit or substance.
            level: Level of theory.
            record: The result.
        """

        def add(session: Session) -> None:
            if session.get(CalculationRow, key) is None:
                session.add(
                    CalculationRow(
                        key=key,
                        calculation=calculation,
                        subject=subject,
                        level=level,
                        record=record,
                        computed_at=time.time(),
                    )
                )

        write(self._engine, self._patience, add)
