"""Files for people: series, plots and the final structure of a finished simulation."""

from pathlib import Path

from mdcore.bundle import SimulationBundle
from mdcore.simulate.figures import write_figures
from mdcore.simulate.series_file import write_hdf5
from mdcore.simulate.structure_file import write_structure


def write_outputs(folder: Path) -> tuple[Path, ...]:
    """Write `series.h5`, `plots/*.png`, `final.cif` and `final.pdb` beside a finished simulation, in the folder of each replicate.

    Args:
        folder: Folder that `simulate` worked in.

    Returns:
        The files.

    Raises:
        BundleError: The folder holds no finished simulation.
    """
    written: list[Path] = []
    for own in sorted(folder.glob("replicate-*")) or [folder]:
        bundle = SimulationBundle.read(own / "bundle")
        written.append(own / "series.h5")
        write_hdf5(bundle, own / "run", written[-1])
        written.extend(write_figures(bundle, own / "run", own / "plots"))
        written.extend(write_structure(bundle, own / "run", own))
    return tuple(written)
