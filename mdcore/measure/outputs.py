"""Output files of a finished simulation: series, plots and the final structure."""

from pathlib import Path

from mdcore.chem.errors import BundleError
from mdcore.chem.sealed import read_sealed
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.estimate import DispersionCurve
from mdcore.measure.figures import write_figures
from mdcore.measure.scan_figure import write_scan_figure
from mdcore.measure.series_file import write_hdf5
from mdcore.measure.structure_file import write_structure
from mdcore.measure.view3d import FILE, write_view
from mdcore.optics.plot import plot_dispersion


def write_outputs(folder: Path) -> tuple[Path, ...]:
    """Write `series.h5`, `plots/*.png`, `final.cif`, `final.pdb` and `final.html` beside a finished simulation.

    They are written to the folder of each replicate, those of further runs to its `runs/NAME`; `final.html` shows the final cell in
    3-D. If a cooling scan was run, `glass_transition.png` in the main folder shows the stairs of all replicates and the fits. If the
    refractive index was measured, `dispersion.png` in the main folder shows it against wavelength. Simulations without dynamics have
    none of these files.

    Args:
        folder: Folder of the simulation.

    Returns:
        The files.

    Raises:
        BundleError: The folder does not contain a finished simulation.
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
    written.extend(write_scan_figure(folder))
    written.extend(_write_dispersion(folder))
    return tuple(written)


def _write_dispersion(folder: Path) -> list[Path]:
    """Draw n against wavelength from the provenance of the refractive index, if it was measured."""
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
    """Return the 3-D views of the final cells of a finished simulation, one for each replicate; missing ones are written.

    Args:
        folder: Folder of the simulation.

    Returns:
        The files; empty if files of the simulation are missing or damaged.
    """
    found: list[Path] = []
    for own in sorted(folder.glob("replicate-*")) or [folder]:
        if (own / FILE).exists():
            found.append(own / FILE)
        elif (own / "bundle").is_dir():
            try:
                found.extend(write_view(SimulationBundle.read(own / "bundle"), own / "run", own))
            except (BundleError, OSError):
                # Only a view: the measurements do not depend on it, and the folder may be read-only.
                continue
    return tuple(found)
