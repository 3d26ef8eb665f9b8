"""Files for people: series, plots and the final structure of a finished simulation."""

from pathlib import Path

from mdcore.bundle import SimulationBundle
from mdcore.simulate.figures import write_figures
from mdcore.simulate.series_file import write_hdf5
from mdcore.simulate.structure_file import write_structure


def write_outputs(folder: Path) -> tuple[Path, ...]:
    """Write `series.h5`, `plots/*.png`, `final.cif` and `final.pdb` beside a finished simulation.

    Args:
        folder: Folder that `simulate` worked in.

    Returns:
        The files.

    Raises:
        BundleError: The folder holds no finished simulation.
    """
    bundle = SimulationBundle.read(folder / "bundle")
    series = folder / "series.h5"
    write_hdf5(bundle, folder / "run", series)
    figures = write_figures(bundle, folder / "run", folder / "plots")
    return (series, *figures, *write_structure(bundle, folder / "run", folder))
