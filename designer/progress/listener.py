"""What the campaign tells whoever watches it."""

from collections.abc import Sequence
from typing import Protocol

from designer.store.records import EvaluationRecord
from mdcore.measure import Progress
from surrogates import Objective


class Listener(Protocol):
    """Shows a running campaign; called from the campaign's own thread."""

    def begin(self, name: str, objectives: Sequence[Objective], wanted: int | None) -> None:
        """Tell that a campaign starts or resumes."""
        ...

    def note(self, text: str) -> None:
        """Tell one line."""
        ...

    def submitted(self, record: EvaluationRecord) -> None:
        """Tell that a simulation was handed out."""
        ...

    def progressed(self, record: EvaluationRecord, progress: Progress) -> None:
        """Tell how far a simulation is."""
        ...

    def finished(self, record: EvaluationRecord, front: Sequence[EvaluationRecord]) -> None:
        """Tell the outcome of a simulation, and the front with it."""
        ...

    def end(self) -> None:
        """Stop showing."""
        ...


class SilentListener:
    """Shows nothing."""

    def begin(self, name: str, objectives: Sequence[Objective], wanted: int | None) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def submitted(self, record: EvaluationRecord) -> None:
        """Show nothing."""

    def progressed(self, record: EvaluationRecord, progress: Progress) -> None:
        """Show nothing."""

    def finished(self, record: EvaluationRecord, front: Sequence[EvaluationRecord]) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""
