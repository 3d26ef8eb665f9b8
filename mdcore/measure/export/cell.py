"""Export of a finished simulation to the files of other engines."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mdcore.chem.errors import ExportError
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.runner import read_final
from mdcore.measure.export.final_cell import FinalCell
from mdcore.settings.export import ENGINES, Engine


def export_cell(folder: Path, engines: Sequence[Engine]) -> tuple[Path, ...]:
    """Write the final cell of a finished simulation as input of other engines, into `folder/export/ENGINE`.

    Each folder holds the final configuration, the topology with all parameters, and an input that continues from it at the
    temperature and pressure of the sampling. With replicates, `export` is in the folder of each.

    Args:
        folder: Folder of the simulation.
        engines: Any of `gromacs`, `lammps` and `openmm`.

    Returns:
        The files.

    Raises:
        ExportError: An engine is unknown, or cannot express the force field of the cell.
        BundleError: The folder does not contain a finished simulation.
    """
    writers = [(engine, _writer(engine)) for engine in dict.fromkeys(engines)]
    written: list[Path] = []
    for own in sorted(folder.glob("replicate-*")) or [folder]:
        cell = final_cell(own)
        for engine, write in writers:
            place = own / "export" / engine
            place.mkdir(parents=True, exist_ok=True)
            written.extend(write(cell, place))
    return tuple(written)


def final_cell(folder: Path) -> FinalCell:
    """Read the final cell of a run.

    Raises:
        BundleError: The folder does not contain a finished simulation.
    """
    bundle = SimulationBundle.read(folder / "bundle")
    positions, box = read_final(bundle, folder / "run")
    stage = next(stage for stage in reversed(bundle.stages) if stage.records_as == "sampling")
    return FinalCell(
        name=f"final cell of a simulation, bundle {bundle.content_hash[:12]}",
        system_xml=bundle.system_xml,
        arrays=bundle.arrays,
        positions_nm=positions,
        box_nm=box,
        temperature_K=stage.temperature_at(1.0),
        pressure_atm=None if stage.barostat_kind is None else stage.pressure_at(1.0),
        barostat=stage.barostat_kind,
        timestep_fs=stage.initial_timestep_fs,
        friction_per_ps=stage.damping_per_ps,
        seed=bundle.seed,
    )


def _writer(engine: str) -> Callable[[FinalCell, Path], tuple[Path, ...]]:
    if engine == "gromacs":
        from mdcore.measure.export.gromacs import write_gromacs

        return write_gromacs
    if engine == "openmm":
        from mdcore.measure.export.openmm_files import write_openmm

        return write_openmm
    if engine == "lammps":
        from mdcore.measure.export.lammps import write_lammps

        return write_lammps
    raise ExportError(f"engine {engine!r} is unknown; use one of {', '.join(ENGINES)}")
