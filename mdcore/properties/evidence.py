"""Data from which properties are estimated."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mdcore.calculations import CALCULATIONS, FinishedRun
from mdcore.chem.errors import NotDetermined
from mdcore.dynamics.recorded import RunRecord, read_record
from mdcore.estimate import Estimate
from mdcore.optics import OpticsSettings
from mdcore.properties.base import EQUILIBRATED
from mdcore.properties.registry import measured_property
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance

T = TypeVar("T")


class Evidence:
    """Series, calculations and other estimates of one simulation, cached after the first access.

    Args:
        substance: The simulated substance.
        settings: Settings of the simulation.
        optics: Settings of the molar refractions.
        runs: Records of the finished runs by protocol name.
        finished: Bundles and folders of the same runs, for calculations that use the final cell.
        calculated: Results of calculations by name, or the exception that says why there is none; others are computed when needed.
        failed: Why a run failed, by the name of its protocol.
    """

    def __init__(
        self,
        substance: Substance,
        settings: SimulationSettings,
        optics: OpticsSettings,
        runs: Mapping[str, RunRecord],
        finished: Mapping[str, FinishedRun] | None = None,
        calculated: Mapping[str, Any] | None = None,
        failed: Mapping[str, str] | None = None,
    ) -> None:
        self.substance, self.settings, self.optics = substance, settings, optics
        self._runs, self._finished = runs, finished or {}
        self._failed = failed or {}
        self._estimates: dict[str, Estimate] = {}
        self._calculated: dict[str, Any] = dict(calculated or {})
        self._shared: dict[str, Any] = {}

    @property
    def temperature_k(self) -> float:
        """Temperature of the measurement in K."""
        return self.settings.protocol.temperature_K

    @property
    def pressure_atm(self) -> float:
        """Pressure of the measurement in atm."""
        return self.settings.protocol.pressure_atm

    def run(self, name: str = EQUILIBRATED) -> RunRecord:
        """Return the record of a run by the name of its protocol.

        Raises:
            KeyError: The run is not among the needs of the property.
            NotDetermined: The run failed.
        """
        if name in self._failed:
            raise NotDetermined(self._failed[name])
        return self._runs[name]

    def estimate(self, name: str) -> Estimate:
        """Return the estimate of a property measured by simulation.

        Raises:
            NotDetermined: The data do not determine it.
        """
        if name not in self._estimates:
            self._estimates[name] = measured_property(name).estimate(self)
        return self._estimates[name]

    def calculation(self, name: str) -> Any:
        """Return the result of a calculation by its name.

        Raises:
            MDCoreError: It failed because of the substance.
        """
        if name not in self._calculated:
            calculation = CALCULATIONS.look_up(name).of(self.settings, self.optics)
            self._calculated[name] = calculation.result(self.substance, {}, self._finished.get(EQUILIBRATED))
        found = self._calculated[name]
        if isinstance(found, Exception):
            raise found
        return found

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return an intermediate result that several properties use, made at the first call with this name."""
        if name not in self._shared:
            self._shared[name] = make()
        found: T = self._shared[name]
        return found


def read_runs(finished: Mapping[str, FinishedRun]) -> dict[str, RunRecord]:
    """Read the records of finished runs.

    Raises:
        DamagedFile: The series of a run is missing or unreadable.
    """
    return {name: read_record(Path(run.folder), run.bundle) for name, run in finished.items()}
