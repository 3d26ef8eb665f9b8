"""A simulation in parts, for machines that are good at one of them: building on processors, dynamics on GPUs.

Each part leaves its result in the folder; `simulate` in the same folder then does only what is left.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from mdcore.chem.records import Failure
from mdcore.chem.seeds import openmm_seed
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.runner import run
from mdcore.measure.analyse import OPTICAL, check_supported
from mdcore.measure.build import build_bundle
from mdcore.measure.complete import FAILURES, failure_kind, record_failure
from mdcore.measure.specimen import Specimen, specimen_needs_dft, specimen_refractions
from mdcore.optics import OpticsSettings
from mdcore.settings.simulation import SimulationSettings

BUILD_SHARE = 0.05


def prepare(
    specimen: Specimen,
    settings: SimulationSettings,
    *,
    seed: int,
    out: Path,
    properties: Sequence[str] = ("density",),
    progress: Callable[[Progress], None] | None = None,
    optics: OpticsSettings | None = None,
    through: Literal["build", "dynamics"],
) -> Failure | None:
    """Build one specimen, or build and run it, without analysing it.

    Args:
        specimen: What `simulate` takes.
        settings: Cell, force field, protocol, execution.
        seed: Seed of everything random.
        out: Folder of the simulation.
        properties: Registry names of what will be measured.
        progress: Called as the simulation goes on.
        optics: Optics tier; additive if None.
        through: How far to go.

    Returns:
        A failure that ends the simulation, also left in the folder, or None.

    Raises:
        UnknownProperty: A property is not in the registry.
        PlatformUnavailable: The wanted OpenMM platform does not work here.
    """
    check_supported(properties)
    out.mkdir(parents=True, exist_ok=True)
    try:
        chosen = optics or OpticsSettings(kind="additive")
        if set(OPTICAL) & set(properties) and not specimen_needs_dft(specimen, chosen):
            specimen_refractions(specimen, chosen)
        for index in range(settings.replicates):
            own = seed if index == 0 else openmm_seed(seed, specimen.key, f"replicate {index}")
            folder = out if settings.replicates == 1 else out / f"replicate-{index}"
            if progress is not None:
                progress(Progress("build", index / settings.replicates * BUILD_SHARE, 0.0))
            bundle = build_bundle(specimen, settings, seed=own, out=folder / "bundle")
            if through == "dynamics":
                run(
                    bundle,
                    folder / "run",
                    settings.execution,
                    _share(progress, index, settings.replicates),
                    convergence_required=settings.protocol.convergence_required,
                )
    except FAILURES as error:
        failure = Failure(failure_kind(error), str(error))
        return record_failure(failure, specimen, settings, seed=seed, out=out, properties=properties, optics=optics)
    return None


def _share(
    progress: Callable[[Progress], None] | None, index: int, replicates: int
) -> Callable[[Progress], None] | None:
    if progress is None:
        return None

    def report(inner: Progress) -> None:
        fraction = BUILD_SHARE + (1.0 - BUILD_SHARE) * (index + inner.fraction) / replicates
        stage = inner.stage if replicates == 1 else f"{index + 1}/{replicates} {inner.stage}"
        progress(replace(inner, stage=stage, fraction=fraction))

    return report
