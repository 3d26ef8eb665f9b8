"""The interface of listeners, which show the progress of a campaign."""

from collections.abc import Sequence
from typing import Protocol

from designer.store.records import EvaluationRecord
from mdcore.measure import Progress
from surrogates import Objective


class Listener(Protocol):
    """Shows a running campaign; called from the thread of the campaign."""

    def begin(self, name: str, objectives: Sequence[Objective], wanted: int | None) -> None:
        """Show that a campaign starts or resumes."""
        ...

    def note(self, text: str) -> None:
        """Show one line."""
        ...

    def submitted(self, record: EvaluationRecord) -> None:
        """Show that a simulation was submitted."""
        ...

    def progressed(self, record: EvaluationRecord, progress: Progress) -> None:
        """Show the progress of a simulation."""
        ...

    def finished(self, record: EvaluationRecord, front: Sequence[EvaluationRecord]) -> None:
        """Show the outcome of a simulation, and the new front."""
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
