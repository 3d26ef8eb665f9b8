"""Which observables a stage reads at which record."""

from collections.abc import Sequence

from mdcore.dynamics.observables import OBSERVABLES, Observable, RecordState
from mdcore.dynamics.observables.base import FloatArray
from mdcore.dynamics.stages import Recorded


class Recorder:
    """Reads the observables of a stage.

    Args:
        recorded: Observables of the stage with their intervals.

    Raises:
        UnknownObservable: Neither the program nor an installed plug-in has one of them.
    """

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._chosen: list[tuple[Observable, int]] = []
        for one in recorded:
            observable = OBSERVABLES.look_up(one.observable)
            self._chosen.append((observable, one.every or observable.every))

    def read(self, state: RecordState, number: int) -> dict[str, FloatArray]:
        """Return the values that are due at a record, numbered from 1 in each pass of the stage."""
        return {observable.name: observable.value(state) for observable, every in self._chosen if number % every == 0}
