"""Distributions of the force-field parameters of a simulation as a table of one row."""

import csv
from pathlib import Path

from mdcore.chem.files import replacing_text
from mdcore.chem.parameter_distributions import PARAMETERS_ENTRY, parameter_row
from mdcore.chem.records import Measurement
from mdcore.chem.sealed import read_sealed


def write_parameters(folder: Path) -> tuple[Path, ...]:
    """Write `parameters.csv`: key, measured values with units, and the descriptors of `mdcore.chem.parameter_distributions`.

    Args:
        folder: Folder of a simulation.

    Returns:
        The file; nothing if the simulation failed or recorded no descriptors.
    """
    if not (folder / "result.json").exists():
        return ()
    result = read_sealed(folder / "result.json").get("result", {})
    descriptors = result.get("diagnostics", {}).get(PARAMETERS_ENTRY)
    if descriptors is None:
        return ()
    measurements = [Measurement(**one) for one in result["measurements"]]
    row = {"key": result["provenance"]["key"], **parameter_row(measurements, descriptors)}
    with replacing_text(folder / "parameters.csv", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerow(row)
    return (folder / "parameters.csv",)
