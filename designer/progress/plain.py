"""Progress as plain lines, for logs and pipes."""

import time
from collections.abc import Sequence
from typing import TextIO

from designer.store.records import EvaluationRecord
from designer.terminal import visible
from designer.text import duration, outcome_texts, timestamp
from mdcore.measure import Progress
from surrogates import Objective


class PlainListener:
    """Writes one line for each event, and one for each stage and tenth of a simulation.

    Args:
        stream: Output stream.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told: dict[int, tuple[str, int]] = {}

    def begin(self, name: str, objectives: Sequence[Objective], wanted: int | None) -> None:
        """Show that a campaign starts or resumes."""
        aims = ", ".join(f"{o.direction} {o.property}" for o in objectives)
        self._line(f"campaign {name}: {aims}")

    def note(self, text: str) -> None:
        """Show one line."""
        self._line(text)

    def submitted(self, record: EvaluationRecord) -> None:
        """Show that a simulation was submitted."""
        again = f", attempt {record.attempts}" if record.attempts > 1 else ""
        self._line(f"#{record.ordinal} {record.psmiles} submitted ({record.origin}{again})")

    def progressed(self, record: EvaluationRecord, progress: Progress) -> None:
        """Show a new stage or tenth."""
        told = progress.stage, int(10 * progress.fraction)
        if self._told.get(record.id) != told:
            self._told[record.id] = told
            self._line(f"#{record.ordinal} {progress.stage} {100 * progress.fraction:.0f} %")

    def finished(self, record: EvaluationRecord, front: Sequence[EvaluationRecord]) -> None:
        """Show the outcome and the front."""
        self._told.pop(record.id, None)
        if record.failure:
            text = f"failed ({record.failure.kind}): {record.failure.message}"
        else:
            text = f"done in {duration(record.wall_s)}: " + ", ".join(
                outcome_texts(record.measurements, record.not_determined)
            )
        self._line(f"#{record.ordinal} {record.psmiles} {text}")
        if front:
            self._line("front: " + " ".join(f"#{r.ordinal}" for r in front))

    def end(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(f"{timestamp(time.time())} {visible(text)}\n")
        self._stream.flush()
