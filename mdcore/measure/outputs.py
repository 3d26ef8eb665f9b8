"""Output files of a finished simulation: series, plots and the final structure."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mdcore.chem.errors import BundleError
from mdcore.chem.sealed import read_sealed
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.estimate import DispersionCurve
from mdcore.estimate.heat_shares import HeatFlowShares
from mdcore.measure.figures import write_figures
from mdcore.measure.heat_figures import plot_decay, plot_heat_flow
from mdcore.measure.heat_shares_files import write_heat_shares
from mdcore.measure.parameters_file import write_parameters
from mdcore.measure.scan_figure import write_scan_figure
from mdcore.measure.series_file import write_hdf5
from mdcore.measure.structure_file import write_structure
from mdcore.measure.view3d import FILE, write_view
from mdcore.optics.plot import plot_dispersion


def write_outputs(folder: Path) -> tuple[Path, ...]:
    """Write `series.h5`, `plots/*.png`, `final.cif`, `final.pdb`, `final.html` and `parameters.csv` beside a finished simulation.

    They are written to the folder of each replicate, those of further runs to its `runs/NAME`; `final.html` shows the final cell in
    3-D. The main folder has `dispersion.png` if the refractive index was measured, `thermal_conductivity.png` with the temperature
    profile and `thermal_diffusivity.png` with the decay for these properties, `heat_shares.png` and `heat_shares.csv` if the heat flow
    was decomposed, and `glass_transition.png` with the stairs of all replicates and the fits if there is a cooling scan. Simulations
    without dynamics have none of the other files.

    Args:
        folder: Folder of the simulation.

    Returns:
        The files.

    Raises:
        BundleError: The folder does not contain a finished simulation.
    """
    written = list(write_parameters(folder))
    for replicate in sorted(folder.glob("replicate-*")) or [folder]:
        # A further run may have failed.
        further = sorted(path.parents[1] for path in replicate.glob("runs/*/run/run.json"))
        for own in (replicate, *further):
            if not (own / "bundle").exists() and (folder / "result.json").exists():
                continue
            bundle = SimulationBundle.read(own / "bundle")
            written.append(own / "series.h5")
            write_hdf5(bundle, own / "run", written[-1])
            written.extend(write_figures(bundle, own / "run", own / "plots"))
            written.extend(write_structure(bundle, own / "run", own))
            written.extend(write_view(bundle, own / "run", own))
    written.extend(write_scan_figure(folder))
    written.extend(_write_plots(folder))
    return tuple(written)


def _write_dispersion(measurement: Mapping[str, Any], path: Path) -> None:
    """Draw n against wavelength."""
    about = measurement["provenance"]
    formula = about["dispersion_formula"]
    curve = DispersionCurve(formula["form"], tuple(formula["coefficients_um"]), formula["residual"])
    plot_dispersion({f"{about['key']} ({about['optics_tier']})": (curve, measurement["stderr"])}, path)


_PLOTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], Path], None]]] = {
    "refractive_index": ("dispersion.png", _write_dispersion),
    "thermal_conductivity": ("thermal_conductivity.png", plot_heat_flow),
    "thermal_diffusivity": ("thermal_diffusivity.png", plot_decay),
}
"""Plots by the property whose measurement they show: name of the file, and function of the measurement and the file."""


def _write_plots(folder: Path) -> list[Path]:
    """Draw what the provenance of the measurements holds."""
    if not (folder / "result.json").exists():
        return []
    written = []
    for measurement in read_sealed(folder / "result.json").get("result", {}).get("measurements", []):
        if measurement["property"] in _PLOTS:
            name, draw = _PLOTS[measurement["property"]]
            draw(measurement, folder / name)
            written.append(folder / name)
        if (document := measurement["provenance"].get("decomposition")) is not None:
            shares = HeatFlowShares.from_document(document)
            written.extend(write_heat_shares(shares, folder, measurement["provenance"]["key"]))
    return written


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
