"""Execution of the tasks of a plan in the folder of a simulation, skipping finished ones."""

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mdcore.calculations import Calculation, FinishedRun
from mdcore.chem.damage import damage_report
from mdcore.chem.errors import NotDetermined, NotRecorded
from mdcore.chem.parameter_distributions import PARAMETERS_ENTRY
from mdcore.chem.records import Failure
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.recorded import read_record
from mdcore.dynamics.runner import RunSummary, run
from mdcore.estimate import Estimate
from mdcore.measure.build import build_bundle, continue_bundle
from mdcore.measure.failures import FAILURES, failed_run, failure_kind, write_failed_run
from mdcore.measure.plan import BUILD, Plan, Task, bundle_folder
from mdcore.optics import FolderCache, OpticsFailed, OpticsSettings
from mdcore.properties import EQUILIBRATED
from mdcore.properties.evidence import Evidence, read_runs
from mdcore.protocols import Protocol
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance

Tell = Callable[[Progress], None]
NOT_DETERMINED: tuple[type[Exception], ...] = (NotDetermined, NotRecorded, OpticsFailed)
"""Exceptions of an estimate that concern only its property."""


@dataclass(frozen=True)
class Analysis:
    """Result of one simulation.

    Attributes:
        estimates: The requested properties by name.
        diagnostics: Convergence, speed and size, in JSON types.
        provenance: Seed, hash of the bundle, platform, wall time.
        not_determined: Reasons by name of the requested properties that the data do not determine.
        evidence: What the estimates were made from, for joint estimates of several cells; None if it is not at hand.
        failed: Failure of the first further run that failed, or None; the properties that need the run are not determined.
    """

    estimates: Mapping[str, Estimate]
    diagnostics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    not_determined: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None
    failed: Failure | None = None

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the requested properties."""
        return (*self.estimates, *self.not_determined)


class Simulation:
    """One cell of a substance and the tasks of its plan.

    Args:
        substance: The substance.
        settings: Settings of the simulation.
        plan: The tasks.
        seed: Seed of the simulation.
        out: Folder of the simulation.
        optics: Settings of the molar refractions.
        shared: Folder with cached results of calculations, shared between simulations; `out` if None.
        optics_cache: Cache of molar refractions, in place of that of the folder.
        progress: Called with the progress of the simulation.
    """

    def __init__(
        self,
        substance: Substance,
        settings: SimulationSettings,
        plan: Plan,
        *,
        seed: int,
        out: Path,
        optics: OpticsSettings,
        shared: Path | None = None,
        optics_cache: MutableMapping[str, str] | None = None,
        progress: Tell | None = None,
    ) -> None:
        self._substance, self._settings, self._plan = substance, settings, plan
        self._seed, self._out, self._optics, self._shared = seed, out, optics, shared or out
        self._optics_cache, self._progress = optics_cache, progress
        self._bundles: dict[str, SimulationBundle] = {}
        self._summaries: dict[str, RunSummary] = {}
        self._failed: dict[str, Failure] = {}
        self._calculated: dict[str, Any] = {}
        self._build_s = 0.0

    def do(self, task: Task) -> None:
        """Run a task, or read its existing result.

        If a run that starts from a finished one fails, the properties that need it are not determined; the others are kept. A failure of
        the build or of the first run raises one of `FAILURES`.
        """
        if task.kind == "build":
            self._build()
        elif task.kind == "run":
            self._run(task, next(one for one in self._plan.protocols if one.name == task.name))
        elif task.kind == "calculate":
            self._calculate(next(one for one in self._plan.calculations if one.name == task.name))

    def screen(self) -> None:
        """Check before the dynamics whether the calculations will fail."""
        for calculation in self._plan.calculations:
            calculation.screen(self._substance)

    def analyse(self) -> Analysis:
        """Estimate the requested properties from the finished tasks.

        A property that the data do not determine does not affect the others.
        """
        finished = {
            name: FinishedRun(bundle, self._out / self._plan.task(name).folder)
            for name, bundle in self._bundles.items()
            if name not in self._failed
        }
        evidence = Evidence(
            self._substance,
            self._settings,
            self._optics,
            read_runs(finished),
            finished,
            self._calculated,
            {name: f"the run {name} failed: {failure.message}" for name, failure in self._failed.items()},
        )
        estimates, reasons = dict[str, Estimate](), dict[str, str]()
        for name in self._plan.properties:
            try:
                estimates[name] = evidence.estimate(name)
            except NOT_DETERMINED as error:
                reasons[name] = str(error)
        failed = next(iter(self._failed.values()), None)
        return Analysis(estimates, self._diagnostics(), self._provenance(), reasons, evidence, failed)

    def _build(self) -> None:
        self._tell(Progress(BUILD, 0.0, 0.0))
        began = time.monotonic()
        for protocol in self._plan.protocols:
            if protocol.after is None:
                self._bundles[protocol.name] = build_bundle(
                    self._substance,
                    self._settings,
                    seed=self._seed,
                    out=self._out / bundle_folder(protocol.name),
                    protocol=protocol,
                )
        self._build_s = time.monotonic() - began

    def _run(self, task: Task, protocol: Protocol) -> None:
        if protocol.after is None:
            self._summaries[protocol.name] = self._summary(task, protocol)
            return
        if protocol.after in self._failed:
            self._failed[protocol.name] = self._failed[protocol.after]
            return
        folder, before = self._out / task.folder, self._bundles[protocol.after]
        content_hash = before.content_hash
        try:
            record = read_record(self._out / self._plan.task(protocol.after).folder, before)
            own = continue_bundle(
                record,
                self._substance,
                self._settings,
                protocol,
                seed=self._seed,
                out=self._out / bundle_folder(protocol.name),
            )
            self._bundles[protocol.name], content_hash = own, own.content_hash
            if (failed := failed_run(folder, content_hash)) is None:
                self._summaries[protocol.name] = self._summary(task, protocol)
            else:
                self._failed[protocol.name] = failed
        except FAILURES as error:
            self._failed[protocol.name] = Failure(failure_kind(error), str(error))
            write_failed_run(folder, content_hash, self._failed[protocol.name])

    def _calculate(self, calculation: Calculation) -> None:
        costly = calculation.is_costly(self._substance)
        if costly:
            self._tell(Progress(calculation.label, 1.0, 0.0))
        bundle = self._bundles.get(EQUILIBRATED)
        run = None if bundle is None else FinishedRun(bundle, self._out / self._plan.task(EQUILIBRATED).folder)
        cache = self._cache(calculation) if costly else {}
        try:
            self._calculated[calculation.name] = calculation.result(self._substance, cache, run)
        except NOT_DETERMINED as error:
            self._calculated[calculation.name] = error

    def _summary(self, task: Task, protocol: Protocol) -> RunSummary:
        """Run the bundle of a protocol, or resume its run, or read its summary."""
        return run(
            self._bundles[protocol.name],
            self._out / task.folder,
            self._settings.execution,
            self._share(task),
            convergence_required=self._settings.protocol.convergence_required,
        )

    def _share(self, task: Task) -> Tell | None:
        """Report the progress of a run as a fraction of the simulation."""
        if self._progress is None:
            return None
        tasks = self._plan.tasks
        before = sum(one.cost for one in tasks[: tasks.index(task)])

        def report(inner: Progress) -> None:
            self._tell(replace(inner, fraction=before + task.cost * inner.fraction))

        return report

    def _tell(self, progress: Progress) -> None:
        if self._progress is not None:
            self._progress(progress)

    def _cache(self, calculation: Calculation) -> MutableMapping[str, str]:
        # Results are kept in the folder, so that they survive this process.
        if self._optics_cache is not None and calculation.folder == "optics":
            return self._optics_cache
        return FolderCache(self._shared / calculation.folder)

    def _provenance(self) -> dict[str, Any]:
        own: dict[str, Any] = {"seed": self._seed}
        if self._summaries:
            first = next(iter(self._summaries.values()))
            wall = sum(summary.wall_s for summary in self._summaries.values())
            own |= {
                "content_hash": first.content_hash,
                "platform": first.platform,
                "wall_s": wall + self._build_s,
            }
        return own

    def _diagnostics(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if EQUILIBRATED in self._summaries:
            bundle, summary = self._bundles[EQUILIBRATED], self._summaries[EQUILIBRATED]
            found = {
                "n_atoms": bundle.n_atoms,
                "n_chains": bundle.content["n_chains"],
                "degree_of_polymerisation": bundle.content["degree_of_polymerisation"],
                "melt_temperature_K": bundle.content["melt_temperature_K"],
                **_of_run(summary, round(self._build_s, 3)),
            }
            if PARAMETERS_ENTRY in bundle.content:
                found[PARAMETERS_ENTRY] = bundle.content[PARAMETERS_ENTRY]
        others: dict[str, Any] = {name: _of_run(one) for name, one in self._summaries.items() if name != EQUILIBRATED}
        others |= {name: {"failure": one.kind, "message": one.message} for name, one in self._failed.items()}
        if others:
            found["runs"] = others
        if damaged := damage_report(self._out):
            found["damaged_files"] = damaged
        return found


def _of_run(summary: RunSummary, build_s: float | None = None) -> dict[str, Any]:
    return {
        "simulated_ps": summary.simulated_ps,
        "ns_per_day": summary.ns_per_day,
        **({} if build_s is None else {"build_s": build_s}),
        "run_s": summary.wall_s,
        "converged": summary.converged,
        "convergence": summary.convergence,
        "extensions": summary.extensions,
        "timestep_halvings": summary.halvings,
        "resumed": summary.resumed,
    }
