"""The final cell in 3-D, as one HTML file that works offline.

3Dmol.js draws it (Rego and Koes 2015, doi:10.1093/bioinformatics/btu829; BSD-3-Clause). Its script and licence are stored beside
this module and embedded in every file.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import box_edges, cell_shift
from mdcore.chem.files import write_whole
from mdcore.drawing import SERIES, css_variables
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.runner import read_final

VIEW_LIMIT = 100_000
"""Maximum number of atoms of a view; larger cells would be too slow in a browser."""
FILE = "final.html"


def write_view(bundle: SimulationBundle, run_folder: Path, folder: Path) -> tuple[Path, ...]:
    """Write `final.html`, an interactive view of the final cell of a run.

    Args:
        bundle: Bundle of the run.
        run_folder: Folder of the run, with `final.npz`.
        folder: Folder of the file.

    Returns:
        The file; empty for more than `VIEW_LIMIT` atoms.

    Raises:
        BundleError: The final cell of the run is missing or unreadable.
    """
    if bundle.n_atoms > VIEW_LIMIT:
        return ()
    from jinja2 import Environment, PackageLoader, StrictUndefined

    positions, box = read_final(bundle, run_folder)
    here = files("mdcore.measure")
    environment = Environment(loader=PackageLoader("mdcore.measure", "."), autoescape=True, undefined=StrictUndefined)
    html = environment.get_template("view3d.html.j2").render(
        title=_title(bundle),
        about=f"{bundle.n_atoms:,} atoms in {_count(int(bundle.arrays['chain_index'].max()) + 1)}, "
        f"cell {' × '.join(f'{edge:.2f}' for edge in box_edges(box))} nm",
        variables=css_variables(),
        cell=_cell(bundle, positions, box),
        palette=list(SERIES),
        library=here.joinpath("3Dmol-min.js").read_text(encoding="utf-8"),
        licence=here.joinpath("3Dmol.LICENSE").read_text(encoding="utf-8"),
    )
    path = folder / FILE
    write_whole(path, html)
    return (path,)


def whole_chains(
    positions_nm: NDArray[np.float64], box_nm: NDArray[np.float64], chain_index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return positions with chains whole and their centres inside the cell, shape (n, 3) in nm.

    Args:
        positions_nm: Shape (n, 3), chains whole.
        box_nm: Box, shape (3, 3).
        chain_index: Chain of each atom, shape (n,), 0, 1, ... in order.
    """
    sizes = np.bincount(chain_index)
    centres = np.column_stack([np.bincount(chain_index, weights=positions_nm[:, axis]) / sizes for axis in range(3)])
    return np.asarray(positions_nm - cell_shift(centres, box_nm)[chain_index])


def _cell(bundle: SimulationBundle, positions: NDArray[np.float64], box: NDArray[np.float64]) -> str:
    """Return the data of the view as JSON; lengths are integers in pm."""
    from rdkit import Chem

    symbol = Chem.GetPeriodicTable().GetElementSymbol
    arrays = bundle.arrays
    numbers = sorted(set(arrays["atomic_numbers"].tolist()))
    placed = whole_chains(positions, box, arrays["chain_index"])
    return json.dumps(
        {
            "symbols": [symbol(z) for z in numbers],
            "element": np.searchsorted(numbers, arrays["atomic_numbers"]).tolist(),
            "chain": arrays["chain_index"].tolist(),
            "pm": np.rint(placed * 1000).astype(int).ravel().tolist(),
            "box": np.rint(box * 1000).astype(int).tolist(),
            "bonds": arrays["bonds"].ravel().tolist(),
            "orders": arrays["bond_orders"].tolist(),
        },
        separators=(",", ":"),
    )


def _title(bundle: SimulationBundle) -> str:
    request: Any = bundle.content.get("request", {})
    return str(request.get("key") or request.get("psmiles") or "Simulated cell")


def _count(chains: int) -> str:
    return "1 chain or molecule" if chains == 1 else f"{chains} chains or molecules"
