"""A whole simulation in one call, idempotent and resumable."""

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mdcore.bundle import SimulationBundle, library_versions
from mdcore.chem.damage import damage_report
from mdcore.chem.errors import BuildError, DamagedFile, NotConverged, SimulationExploded, UnparameterisableError
from mdcore.chem.records import Failure, unconverged
from mdcore.chem.sealed import read_sealed
from mdcore.chem.seeds import openmm_seed
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.runner import RunSummary, run
from mdcore.measure.analyse import OPTICAL, RAMP_CORRECTION_NEEDS, analyse, check_supported
from mdcore.measure.build import build_bundle
from mdcore.measure.replicates import combine_replicates
from mdcore.measure.result import SimulationResult, read_result, write_result
from mdcore.measure.specimen import Specimen, specimen_needs_dft, specimen_refractions
from mdcore.optics import FolderCache, OpticsFailed, OpticsSettings, UnknownEnvironment
from mdcore.optics.level import require_pyscf
from mdcore.settings import version_1
from mdcore.settings.asked import IDENTITY_VERSION, asked, asked_simulation, digest_of
from mdcore.settings.execution import ExecutionSettings
from mdcore.settings.simulation import SimulationSettings

_BUILD_SHARE = 0.05
_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (UnparameterisableError, "unparameterisable"),
    (UnknownEnvironment, "unparameterisable"),
    (BuildError, "build"),
    (SimulationExploded, "exploded"),
    (NotConverged, "unconverged"),
    (OpticsFailed, "unconverged"),
)

FAILURES: tuple[type[Exception], ...] = tuple(error for error, _ in _KINDS)
"""What a polymer does wrong; every other exception is the machine's or the program's."""


def failure_kind(error: Exception) -> str:
    """Return the kind of failure that one of `FAILURES` means."""
    return next(name for cause, name in _KINDS if isinstance(error, cause))


def record_failure(
    failure: Failure,
    specimen: Specimen,
    settings: SimulationSettings,
    *,
    seed: int,
    out: Path,
    properties: Sequence[str],
    optics: OpticsSettings | None,
) -> Failure:
    """Leave a failure in the folder of a simulation, as its final outcome, and return it with its provenance."""
    outcome = replace(failure, provenance=_provenance(specimen, settings, seed))
    write_result(out / "result.json", _identity(specimen, settings, seed, properties, optics), outcome)
    return outcome


def run_bundle(
    bundle: Path,
    out: Path,
    execution: ExecutionSettings | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Run a bundle from its folder, or go on with an interrupted run in `out`; see `mdcore.dynamics.run`."""
    return run(SimulationBundle.read(bundle), out, execution or ExecutionSettings(), progress)


def simulate(
    specimen: Specimen,
    settings: SimulationSettings,
    *,
    seed: int,
    out: Path,
    properties: Sequence[str] = ("density",),
    progress: Callable[[Progress], None] | None = None,
    optics: OpticsSettings | None = None,
    optics_cache: MutableMapping[str, str] | None = None,
) -> SimulationResult | Failure:
    """Build, run and analyse one homopolymer, copolymer or liquid.

    A folder that already holds the outcome of the same request answers at once; an interrupted one goes on from its last
    checkpoint.

    Args:
        specimen: A repeat unit, of which only the key matters; a `Copolymer`; or a `Liquid`.
        settings: Cell, force field, protocol, execution.
        seed: Seed of everything random, zero or larger.
        out: Folder of the simulation.
        properties: Registry names of what to measure.
        progress: Called as the simulation goes on.
        optics: Optics tier; additive if None.
        optics_cache: Store of refractions; the folder `optics` in `out` if None.

    Returns:
        The measurements, or a `Failure` when the polymer cannot be parameterised, built, run or converged,
            or when an estimate has no finite standard error.

    Raises:
        UnknownProperty: A property is not in the registry.
        ValueError: A property is not measured by simulation, or the seed is negative.
        OpticsUnavailable: The DFT tier was asked for and PySCF is not installed.
        OSError: The machine cannot read or write the folder. Damaged files are no error: they are set aside, noted in the
            diagnostic `damaged_files`, and made again; see `mdcore.chem.damage`.
        PlatformUnavailable: The wanted OpenMM platform does not work here.
    """
    check_supported(properties)
    protocol = settings.protocol
    ramped = protocol.cool_at == "pressure" and protocol.cool_ps > 0
    if "ramp_corrected_density" in properties and (protocol.glass_transition_K is None or not ramped):
        raise ValueError(RAMP_CORRECTION_NEEDS)
    if optics is not None and optics.kind == "dft" and set(OPTICAL) & set(properties):
        require_pyscf()
    request = specimen, settings, seed, properties, optics
    identity = _identity(*request)
    out.mkdir(parents=True, exist_ok=True)
    known = read_result(out / "result.json", identity, _identity_1(*request), settings.fidelity)
    if known is not None:
        return _usable(known)
    provenance = _provenance(specimen, settings, seed)
    try:
        outcome: SimulationResult | Failure = combine_replicates(
            [
                _simulate(
                    specimen,
                    settings,
                    seed if index == 0 else openmm_seed(seed, specimen.key, f"replicate {index}"),
                    out if settings.replicates == 1 else out / f"replicate-{index}",
                    properties,
                    _shared(progress, index, settings.replicates),
                    optics,
                    optics_cache,
                    dict(provenance),
                )
                for index in range(settings.replicates)
            ]
        )
    except FAILURES as error:
        outcome = Failure(failure_kind(error), str(error), provenance)
    outcome = _usable(outcome)
    write_result(out / "result.json", identity, outcome)
    return outcome


def _usable(outcome: SimulationResult | Failure) -> SimulationResult | Failure:
    """Turn a result with a measurement that has no finite value and error into the failure that it is."""
    if isinstance(outcome, Failure) or (failure := unconverged(outcome.measurements)) is None:
        return outcome
    return replace(failure, provenance=outcome.provenance)


def _simulate(
    specimen: Specimen,
    settings: SimulationSettings,
    seed: int,
    out: Path,
    properties: Sequence[str],
    progress: Callable[[Progress], None] | None,
    optics: OpticsSettings | None,
    optics_cache: MutableMapping[str, str] | None,
    provenance: dict[str, Any],
) -> SimulationResult:
    def report(inner: Progress) -> None:
        if progress is not None:
            progress(replace(inner, fraction=_BUILD_SHARE + (1.0 - _BUILD_SHARE) * inner.fraction))

    if progress is not None:
        progress(Progress("build", 0.0, 0.0))
    chosen = optics or OpticsSettings(kind="additive")
    by_dft = bool(set(OPTICAL) & set(properties)) and specimen_needs_dft(specimen, chosen)
    if set(OPTICAL) & set(properties) and not by_dft:
        # An environment without increments is known from the structure alone; no dynamics is spent on it.
        specimen_refractions(specimen, chosen)
    started = time.monotonic()
    bundle = build_bundle(specimen, settings, seed=seed, out=out / "bundle")
    build_s = time.monotonic() - started
    summary = run(
        bundle,
        out / "run",
        settings.execution,
        report,
        convergence_required=settings.protocol.convergence_required,
    )
    provenance |= {
        "seed": seed,
        "content_hash": summary.content_hash,
        "platform": summary.platform,
        "wall_s": summary.wall_s + build_s,
    }
    if by_dft:
        report(Progress("optics", 1.0, 0.0))
        # What is computed outlives this process, like everything else in the folder.
        optics_cache = FolderCache(out / "optics") if optics_cache is None else optics_cache
    measurements = analyse(
        specimen,
        bundle,
        out / "run",
        properties,
        fidelity=settings.fidelity,
        provenance=provenance,
        optics=optics,
        optics_cache=optics_cache,
    )
    diagnostics = {
        "n_atoms": bundle.n_atoms,
        "n_chains": bundle.content["n_chains"],
        "degree_of_polymerisation": bundle.content["degree_of_polymerisation"],
        "melt_temperature_K": bundle.content["melt_temperature_K"],
        "simulated_ps": summary.simulated_ps,
        "ns_per_day": summary.ns_per_day,
        "build_s": round(build_s, 3),
        "run_s": summary.wall_s,
        "converged": summary.converged,
        "convergence": summary.convergence,
        "extensions": summary.extensions,
        "timestep_halvings": summary.halvings,
        "resumed": summary.resumed,
    }
    if found := damage_report(out):
        diagnostics["damaged_files"] = found
    return SimulationResult(measurements, diagnostics, provenance)


def _shared(
    progress: Callable[[Progress], None] | None, index: int, replicates: int
) -> Callable[[Progress], None] | None:
    """Report the progress of one replicate as its share of all."""
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


def other_simulation(out: Path, specimen: Specimen, settings: SimulationSettings, seed: int) -> str | None:
    """Return in what a finished simulation in a folder differs from a request; None where there is none, or the same one.

    Other properties of the same simulation are no difference: they are analysed from its files.

    Raises:
        OSError: The machine could not read the folder.
    """
    try:
        asked = read_sealed(out / "result.json")["result"]["provenance"]
        stored = {"polymer": asked["key"], "seed": asked["seed"], **asked["settings"]}
    except (DamagedFile, KeyError, TypeError):
        return None
    wanted = _provenance(specimen, settings, seed)
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


def _provenance(specimen: Specimen, settings: SimulationSettings, seed: int) -> dict[str, Any]:
    return {
        "key": specimen.key,
        "seed": seed,
        "preset": settings.preset,
        "settings": settings.model_dump(mode="json", exclude={"execution"}),
        "versions": library_versions(),
    }


def _identity(
    specimen: Specimen,
    settings: SimulationSettings,
    seed: int,
    properties: Sequence[str],
    optics: OpticsSettings | None,
) -> str:
    tier = optics or OpticsSettings(kind="additive")
    return digest_of(
        {
            "version": IDENTITY_VERSION,
            "key": specimen.key,
            "settings": asked_simulation(settings),
            "seed": seed,
            "properties": list(properties),
            "optics": {"kind": tier.kind, **asked(tier, frozenset({"kind", "device"}))},
        }
    )


def _identity_1(
    specimen: Specimen,
    settings: SimulationSettings,
    seed: int,
    properties: Sequence[str],
    optics: OpticsSettings | None,
) -> str | None:
    """Return what version 1 called the same request; None where it could not make it."""
    full = version_1.version_1_of_asked(asked_simulation(settings))
    if full is None:
        return None
    tier = (optics or OpticsSettings(kind="additive")).model_dump(mode="json", include=set(version_1.OPTICS))
    return digest_of(
        {"key": specimen.key, "settings": full, "seed": seed, "properties": list(properties), "optics": tier}
    )
