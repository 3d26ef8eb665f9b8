"""Files for people: series, plots and the final structure of a finished simulation."""

from pathlib import Path

from mdcore.chem.errors import BundleError
from mdcore.chem.sealed import read_sealed
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.estimate import DispersionCurve
from mdcore.measure.figures import write_figures
from mdcore.measure.series_file import write_hdf5
from mdcore.measure.structure_file import write_structure
from mdcore.measure.view3d import FILE, write_view
from mdcore.optics.plot import plot_dispersion


def write_outputs(folder: Path) -> tuple[Path, ...]:
    """Write `series.h5`, `plots/*.png`, `final.cif`, `final.pdb` and `final.html` beside a finished simulation.

    They go into the folder of each replicate, those of further runs into `runs/NAME` there; `final.html` shows the final cell in
    3-D. Where the refractive index was measured, `dispersion.png` in the folder itself shows it against wavelength. A simulation
    without dynamics has none of them.

    Args:
        folder: Folder that `simulate` worked in.

    Returns:
        The files.

    Raises:
        BundleError: The folder holds no finished simulation.
    """
    written: list[Path] = []
    for replicate in sorted(folder.glob("replicate-*")) or [folder]:
        for own in (replicate, *sorted(path.parent for path in replicate.glob("runs/*/bundle"))):
            if not (own / "bundle").exists() and (folder / "result.json").exists():
                continue
            bundle = SimulationBundle.read(own / "bundle")
            written.append(own / "series.h5")
            write_hdf5(bundle, own / "run", written[-1])
            written.extend(write_figures(bundle, own / "run", own / "plots"))
            written.extend(write_structure(bundle, own / "run", own))
            written.extend(write_view(bundle, own / "run", own))
    written.extend(_write_dispersion(folder))
    return tuple(written)


def _write_dispersion(folder: Path) -> list[Path]:
    """Draw n against wavelength from what the result tells of the refractive index, if it was measured."""
    if not (folder / "result.json").exists():
        return []
    measurements = read_sealed(folder / "result.json").get("result", {}).get("measurements", [])
    index = next((m for m in measurements if m["property"] == "refractive_index"), None)
    if index is None:
        return []
    formula = index["provenance"]["dispersion_formula"]
    curve = DispersionCurve(formula["form"], tuple(formula["coefficients_um"]), formula["residual"])
    label = f"{index['provenance']['key']} ({index['provenance']['optics_tier']})"
    plot_dispersion({label: (curve, index["stderr"])}, folder / "dispersion.png")
    return [folder / "dispersion.png"]


def final_views(folder: Path) -> tuple[Path, ...]:
    """Return the 3-D views of the final cells of a finished simulation, one for each replicate, writing those that are missing.

    Args:
        folder: Folder that `simulate` worked in.

    Returns:
        The files; none where the simulation's files are not there or damaged.
    """
    found: list[Path] = []
    for own in sorted(folder.glob("replicate-*")) or [folder]:
        if (own / FILE).exists():
            found.append(own / FILE)
        elif (own / "bundle").is_dir():
            try:
                found.extend(write_view(SimulationBundle.read(own / "bundle"), own / "run", own))
            except (BundleError, OSError):
                # A picture: the measurements do not depend on it, and the folder may be read-only.
                continue
    return tuple(found)
