"""Thermodynamic series of a run as HDF5: one group per stage, columns with units."""

from pathlib import Path

import numpy as np

from mdcore.bundle import SimulationBundle
from mdcore.chem.files import replacing_path
from mdcore.dynamics.series import COLUMNS
from mdcore.measure.series import read_series

_UNITS = {
    "time_ps": "ps",
    "temperature_target_K": "K",
    "pressure_target_atm": "atm",
    "temperature_K": "K",
    "potential_kj_mol": "kJ/mol",
    "kinetic_kj_mol": "kJ/mol",
    "volume_nm3": "nm3",
    "density_g_cm3": "g/cm3",
    "nematic_order": "1",
}


def write_hdf5(bundle: SimulationBundle, run_folder: Path, path: Path) -> None:
    """Write the series of a finished run.

    The file holds one group per stage, `00 soft start` and so on, with one dataset per column of the series and the datasets
    `radius_of_gyration_nm` and `end_to_end_distance_nm` of shape (rows, chains). Units are attributes.

    Args:
        bundle: What was run.
        run_folder: Where its series lies.
        path: File to write; it is replaced whole.

    Raises:
        BundleError: The run has no readable series.
    """
    import h5py

    table, chains = read_series(run_folder)
    # The temporary file is locked already.
    with replacing_path(path) as part, h5py.File(part, "w", locking=False) as stored:
        stored.attrs["content_hash"] = bundle.content_hash
        stored.attrs["n_atoms"] = bundle.n_atoms
        for index, stage in enumerate(bundle.stages):
            rows = table[:, 0] == index
            if not rows.any():
                continue
            group = stored.create_group(f"{index:02d} {stage.name}")
            group.attrs["settings"] = stage.model_dump_json()
            for column, name in enumerate(COLUMNS):
                if name in _UNITS:
                    group.create_dataset(name, data=table[rows, column]).attrs["unit"] = _UNITS[name]
            for kind, name in enumerate(("radius_of_gyration_nm", "end_to_end_distance_nm")):
                group.create_dataset(name, data=np.asarray(chains[rows, :, kind])).attrs["unit"] = "nm"
