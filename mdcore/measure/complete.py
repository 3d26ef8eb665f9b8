"""A complete simulation in one call, idempotent and resumable, or in phases, for machines suited to one of them."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mdcore.chem.errors import DamagedFile
from mdcore.chem.properties import property_spec
from mdcore.chem.records import Failure, Measurement, usable
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.chem.sealed import read_sealed
from mdcore.chem.seeds import openmm_seed
from mdcore.dynamics.bundle import SimulationBundle, library_versions
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.runner import RunSummary, run
from mdcore.measure.execute import Analysis, Simulation, Tell
from mdcore.measure.failures import FAILURES, failure_kind
from mdcore.measure.plan import Plan, Task, make_plan
from mdcore.measure.replicates import combine_replicates
from mdcore.measure.result import SimulationResult, read_result, write_result
from mdcore.optics import OpticsSettings
from mdcore.properties import Request
from mdcore.properties.sections import without_default_sections
from mdcore.settings import version_1
from mdcore.settings.asked import IDENTITY_VERSION, asked, asked_simulation, digest_of
from mdcore.settings.execution import ExecutionSettings
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance, as_substance


def run_bundle(
    bundle: Path,
    out: Path,
    execution: ExecutionSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Run a bundle from its folder, or resume an interrupted run in `out`; see `mdcore.dynamics.run`."""
    return run(SimulationBundle.read(bundle), out, execution or ExecutionSettings(), progress)


def plan_simulation(
    substance: Substance | RepeatUnit | None,
    settings: SimulationSettings,
    properties: Sequence[str],
    optics: OpticsSettings | None = None,
) -> Plan:
    """Return the plan of a simulation.

    Args:
        substance: The substance; None if it is not known yet.
        settings: Cell, force field, protocols.
        properties: Registry names of the properties to measure.
        optics: Settings of the molar refractions; additive if None.

    Raises:
        UnknownProperty: A property is not in the registry.
        ValueError: A property is not measured by simulation.
        PlanError: A property cannot be measured with these settings.
    """
    known = None if substance is None else as_substance(substance)
    return make_plan(Request(settings, optics or OpticsSettings(kind="additive"), known), properties)


def simulate(
    substance: Substance | RepeatUnit,
    settings: SimulationSettings,
    *,
    seed: int,
    out: Path,
    properties: Sequence[str] = ("density",),
    progress: Callable[[Progress], None] | None = None,
    optics: OpticsSettings | None = None,
    optics_cache: MutableMapping[str, str] | None = None,
    shared: Path | None = None,
) -> SimulationResult | Failure:
    """Build, run and analyse a substance.

    If the folder already holds the outcome of the same request, it is returned at once; an interrupted simulation is resumed from its
    last checkpoint. Runs finished by an earlier request in the same folder are reused.

    Args:
        substance: A substance, or a repeat unit for its homopolymer, of which only the key is used.
        settings: Cell, force field, protocols, execution.
        seed: Seed of the simulation, zero or larger.
        out: Folder of the simulation.
        properties: Registry names of the properties to measure.
        progress: Called with the progress of the simulation.
        optics: Settings of the molar refractions; additive if None.
        optics_cache: Cache of molar refractions; that of the folder if None.
        shared: Folder with cached results of calculations, shared between simulations; `out` if None.

    Returns:
        The measurements, with the reasons of properties that the data do not determine, for example because the standard error is
            infinite; or a `Failure` if the substance cannot be parameterised, built, run or converged, or no property is determined.

    Raises:
        UnknownProperty: A property is not in the registry.
        ValueError: A property is not measured by simulation, or the seed is negative.
        PlanError: A property cannot be measured with these settings.
        OpticsUnavailable: The DFT tier was requested, but PySCF is not installed.
        OSError: The machine cannot read or write the folder. Damaged files do not raise: they are set aside, listed in the
            diagnostic `damaged_files`, and regenerated; see `mdcore.chem.damage`.
        PlatformUnavailable: The requested OpenMM platform is not available.
    """
    job = _Job.of(substance, settings, seed, properties, optics)
    out.mkdir(parents=True, exist_ok=True)
    known = read_result(out / "result.json", job.identity(), job.identity_1(), job.settings.fidelity)
    if known is not None:
        return _usable(known)
    try:
        analyses = list[Analysis]()
        for simulation in job.replicates(out, progress, optics_cache, shared):
            simulation.screen()
            for task in job.plan.tasks:
                simulation.do(task)
            analyses.append(simulation.analyse())
        result = job.result(combine_replicates(analyses))
        failed = next((one.failed for one in analyses if one.failed is not None), None)
        outcome: SimulationResult | Failure = result
        if not result.measurements and failed is not None:
            outcome = replace(failed, provenance=job.provenance())
    except FAILURES as error:
        outcome = Failure(failure_kind(error), str(error), job.provenance())
    outcome = _usable(outcome)
    write_result(out / "result.json", job.identity(), outcome)
    return outcome


def prepare(
    substance: Substance | RepeatUnit,
    settings: SimulationSettings,
    *,
    seed: int,
    out: Path,
    properties: Sequence[str] = ("density",),
    progress: Callable[[Progress], None] | None = None,
    optics: OpticsSettings | None = None,
    shared: Path | None = None,
    phase: int,
) -> Failure | None:
    """Run the first phases of a simulation without the analysis; `simulate` in the same folder completes it.

    Args:
        substance: As in `simulate`.
        settings: Cell, force field, protocols, execution.
        seed: Seed of the simulation.
        out: Folder of the simulation.
        properties: Registry names of the properties to measure.
        progress: Called with the progress of the simulation.
        optics: Settings of the molar refractions; additive if None.
        shared: As in `simulate`.
        phase: Index of the last phase to run: 0 builds, 1 also runs the dynamics.

    Returns:
        A failure that ends the simulation, also written to the folder, or None.

    Raises:
        UnknownProperty: A property is not in the registry.
        PlanError: A property cannot be measured with these settings.
        PlatformUnavailable: The requested OpenMM platform is not available.
    """
    job = _Job.of(substance, settings, seed, properties, optics)
    out.mkdir(parents=True, exist_ok=True)
    wanted: list[Task] = [task for one in job.plan.phases()[: phase + 1] for task in one]
    try:
        for simulation in job.replicates(out, progress, None, shared):
            simulation.screen()
            for task in job.plan.tasks:
                if task in wanted:
                    simulation.do(task)
    except FAILURES as error:
        failure = Failure(failure_kind(error), str(error), job.provenance())
        write_result(out / "result.json", job.identity(), failure)
        return failure
    return None


@dataclass(frozen=True)
class _Job:
    """One request for measurements."""

    substance: Substance
    settings: SimulationSettings
    seed: int
    properties: tuple[str, ...]
    optics: OpticsSettings
    plan: Plan

    @classmethod
    def of(
        cls,
        substance: Substance | RepeatUnit,
        settings: SimulationSettings,
        seed: int,
        properties: Sequence[str],
        optics: OpticsSettings | None,
    ) -> "_Job":
        what, chosen = as_substance(substance), optics or OpticsSettings(kind="additive")
        settings = without_default_sections(settings)
        planned = make_plan(Request(settings, chosen, what), properties)
        for calculation in planned.calculations:
            calculation.check()
        return cls(what, settings, seed, tuple(properties), chosen, planned)

    def replicates(
        self, out: Path, progress: Tell | None, optics_cache: MutableMapping[str, str] | None, shared: Path | None
    ) -> "list[Simulation]":
        """Return the simulations of independent cells."""
        number = self.settings.replicates
        return [
            Simulation(
                self.substance,
                self.settings,
                self.plan,
                seed=self.seed if index == 0 else openmm_seed(self.seed, self.substance.key, f"replicate {index}"),
                out=out if number == 1 else out / f"replicate-{index}",
                optics=self.optics,
                shared=shared,
                optics_cache=optics_cache,
                progress=_shared(progress, index, number),
            )
            for index in range(number)
        ]

    def result(self, analysis: Analysis) -> SimulationResult:
        """Return the measurements of an analysis."""
        provenance = {**self.provenance(), **analysis.provenance}
        measurements = tuple(
            Measurement(
                name,
                float(estimate.value),
                float(estimate.stderr),
                property_spec(name).unit,
                self.settings.fidelity,
                {
                    **provenance,
                    **estimate.about,
                    **({"stderr_parts": dict(estimate.parts)} if estimate.parts else {}),
                },
            )
            for name, estimate in analysis.estimates.items()
        )
        return SimulationResult(measurements, analysis.diagnostics, provenance, analysis.not_determined)

    def provenance(self) -> dict[str, Any]:
        """Return the data needed to reproduce it, in JSON types."""
        return {
            "key": self.substance.key,
            "seed": self.seed,
            "preset": self.settings.preset,
            "settings": self.settings.model_dump(mode="json", exclude={"execution"}),
            "versions": library_versions(),
        }

    def identity(self) -> str:
        """Return the digest of the request."""
        return digest_of(
            {
                "version": IDENTITY_VERSION,
                "key": self.substance.key,
                "settings": asked_simulation(self.settings),
                "seed": self.seed,
                "properties": list(self.properties),
                "optics": {"kind": self.optics.kind, **asked(self.optics, frozenset({"kind", "device"}))},
            }
        )

    def identity_1(self) -> str | None:
        """Return the identity of the same request in version 1, or None if version 1 could not express it."""
        full = version_1.version_1_of_asked(asked_simulation(self.settings))
        if full is None:
            return None
        return digest_of(
            {
                "key": self.substance.key,
                "settings": full,
                "seed": self.seed,
                "properties": list(self.properties),
                "optics": self.optics.model_dump(mode="json", include=set(version_1.OPTICS)),
            }
        )


def _usable(outcome: SimulationResult | Failure) -> SimulationResult | Failure:
    """Move measurements without a finite value and error to those not determined; return a `Failure` if none is left."""
    if isinstance(outcome, Failure):
        return outcome
    measurements, flaws = usable(outcome.measurements)
    if not measurements and (flaws or outcome.not_determined):
        named = (f"{name}: {reason}" for name, reason in outcome.not_determined.items())
        return Failure("unconverged", "; ".join((*flaws.values(), *named)), outcome.provenance)
    return replace(outcome, measurements=measurements, not_determined={**outcome.not_determined, **flaws})


def _shared(
    progress: Callable[[Progress], None] | None, index: int, replicates: int
) -> Callable[[Progress], None] | None:
    """Report the progress of one replicate as a fraction of all replicates."""
    if progress is None or replicates == 1:
        return progress

    def report(inner: Progress) -> None:
        progress(
            replace(
                inner,
                stage=f"{index + 1}/{replicates} {inner.stage}",
                fraction=(index + inner.fraction) / replicates,
                remaining_s=None,
            )
        )

    return report


def other_simulation(
    out: Path, substance: Substance | RepeatUnit, settings: SimulationSettings, seed: int
) -> str | None:
    """Return how the simulation in a folder differs from a request, or None if there is none or it is the same.

    Other properties of the same simulation do not count: they are analysed from its files.

    Raises:
        OSError: The machine could not read the folder.
    """
    try:
        asked = read_sealed(out / "result.json")["result"]["provenance"]
        stored = {"polymer": asked["key"], "seed": asked["seed"], **asked["settings"]}
    except (DamagedFile, KeyError, TypeError):
        return None
    wanted: dict[str, Any] = {
        "key": as_substance(substance).key,
        "seed": seed,
        "settings": settings.model_dump(mode="json", exclude={"execution"}),
    }
    return _first_difference(stored, {"polymer": wanted["key"], "seed": wanted["seed"], **wanted["settings"]})


def _first_difference(stored: Mapping[str, Any], wanted: Mapping[str, Any], where: str = "") -> str | None:
    for name, value in wanted.items():
        if name not in stored:
            continue
        if isinstance(value, Mapping) and isinstance(stored[name], Mapping):
            if found := _first_difference(stored[name], value, f"{where}{name}."):
                return found
        elif stored[name] != value:
            return f"{where}{name} {stored[name]}, not {value}"
    return None
