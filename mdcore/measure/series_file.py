"""Records of a run in HDF5: one group per stage, one dataset per observable, with units."""

from pathlib import Path

from mdcore.chem.files import replacing_path
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.observables import OBSERVABLES
from mdcore.dynamics.recorded import read_record


def write_hdf5(bundle: SimulationBundle, run_folder: Path, path: Path) -> None:
    """Write the records of a finished run.

    The file holds one group per stage, `00 soft start` and so on, with the datasets `time_ps`, `temperature_target_K`,
    `pressure_target_atm` and one for each observable, of shape (rows, ...). An observable with its own interval has a
    dataset of times, for example `box_nm time_ps`. Units are attributes; the role and the settings of a stage are attributes of its group.

    Args:
        bundle: Bundle of the run.
        run_folder: Folder of the run.
        path: File to write; it is replaced atomically.

    Raises:
        BundleError: The series of the run is missing or unreadable.
    """
    import h5py

    record = read_record(run_folder, bundle)
    # The temporary file is already locked.
    with replacing_path(path) as part, h5py.File(part, "w", locking=False) as stored:
        stored.attrs["content_hash"] = bundle.content_hash
        stored.attrs["n_atoms"] = bundle.n_atoms
        for index, stage in enumerate(bundle.stages):
            if index not in record.stage_indices:
                continue
            rows = record.stage(index)
            group = stored.create_group(f"{index:02d} {stage.name}")
            group.attrs["settings"] = stage.model_dump_json()
            group.attrs["role"] = str(stage.records_as)
            for name, values, unit in (
                ("time_ps", rows.times_ps, "ps"),
                ("temperature_target_K", rows.targets.temperature_K, "K"),
                ("pressure_target_atm", rows.targets.pressure_atm, "atm"),
            ):
                group.create_dataset(name, data=values).attrs["unit"] = unit
            for name in rows.observables:
                unit = OBSERVABLES[name].unit if name in OBSERVABLES else "unknown"
                group.create_dataset(name, data=rows.array(name)).attrs["unit"] = unit
                if len(times := rows.times_of(name)) != len(rows):
                    group.create_dataset(f"{name} time_ps", data=times).attrs["unit"] = "ps"
