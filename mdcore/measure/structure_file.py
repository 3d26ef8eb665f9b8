"""The final cell as files for VMD, OVITO, PyMOL and Mol*: PDB with CONECT records, mmCIF with bonds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mdcore.chem.files import replacing_text
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.runner import read_final

PDB_LIMIT = 99_999
"""Maximum number of atoms in a PDB file; larger cells are only written as mmCIF."""
_HEAVY_HYDROGEN_AMU = 1.5
"""Mass in dalton above which hydrogen is written as D, which has a different scattering length."""


def write_structure(bundle: SimulationBundle, run_folder: Path, folder: Path) -> tuple[Path, ...]:
    """Write the final cell of a run with all its bonds.

    Args:
        bundle: Bundle of the run.
        run_folder: Folder of the run, with `final.npz`.
        folder: Folder for `final.cif` and, for up to 99,999 atoms, `final.pdb`.

    Returns:
        The files.
    """
    positions, box = read_final(bundle, run_folder)
    return write_cell(bundle.arrays, positions, box, folder, "final")


def write_cell(
    arrays: Mapping[str, NDArray[Any]], positions: NDArray[Any], box: NDArray[Any], folder: Path, stem: str
) -> tuple[Path, ...]:
    """Write a cell with all its bonds.

    Args:
        arrays: Arrays of the bundle.
        positions: Positions in nm, shape (n, 3).
        box: Box in nm, shape (3, 3).
        folder: Folder of the files.
        stem: Name of the files without suffix; `.cif` and, for up to 99,999 atoms, `.pdb` are written.

    Returns:
        The files.
    """
    from openmm import app, unit

    topology = _topology(arrays, box)
    written = [folder / f"{stem}.cif"]
    with replacing_text(written[0]) as stream:
        app.PDBxFile.writeFile(topology, positions * unit.nanometer, stream, keepIds=True)
    if len(positions) <= PDB_LIMIT:
        written.append(folder / f"{stem}.pdb")
        with replacing_text(written[1]) as stream:
            app.PDBFile.writeFile(topology, positions * unit.nanometer, stream, keepIds=True)
    return tuple(written)


def _topology(arrays: Mapping[str, NDArray[Any]], box_nm: Any) -> Any:
    from openmm import Vec3, app, unit

    topology = app.Topology()
    topology.setPeriodicBoxVectors([Vec3(*row) for row in box_nm.tolist()] * unit.nanometer)
    atoms: list[Any] = []
    chain = residue = None
    last_chain = last_residue = -1
    number_in_chain = 0
    for atom, (z, chain_id, residue_id) in enumerate(
        zip(
            arrays["atomic_numbers"].tolist(),
            arrays["chain_index"].tolist(),
            arrays["residue_index"].tolist(),
            strict=True,
        )
    ):
        if chain_id != last_chain:
            chain, last_chain, number_in_chain = topology.addChain(_chain_name(chain_id)), chain_id, 0
        if residue_id != last_residue:
            number_in_chain += 1
            # A non-standard residue name makes readers use the bonds of the file instead of guessing them.
            residue = topology.addResidue("UNL", chain, id=str(number_in_chain))
            last_residue = residue_id
        element = app.Element.getByAtomicNumber(z)
        if z == 1 and arrays["true_masses_amu"][atom] > _HEAVY_HYDROGEN_AMU:
            element = app.element.deuterium
        atoms.append(topology.addAtom(f"{element.symbol}{int(arrays['local_index'][atom]) + 1}", element, residue))
    for a, b in arrays["bonds"].tolist():
        topology.addBond(atoms[a], atoms[b])
    return topology


def _chain_name(index: int) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return letters[index % len(letters)]
