"""The final cell as files that VMD, OVITO, PyMOL and Mol* open: PDB with CONECT records, mmCIF with bonds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mdcore.chem.files import replacing_text
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.runner import read_final

PDB_LIMIT = 99_999
"""Atoms a PDB file can number; larger cells are written as mmCIF alone."""
_HEAVY_HYDROGEN_AMU = 1.5
"""Hydrogen heavier than this is written as D, whose scattering length is another."""


def write_structure(bundle: SimulationBundle, run_folder: Path, folder: Path) -> tuple[Path, ...]:
    """Write the final cell of a run with all its bonds.

    Args:
        bundle: What was run.
        run_folder: Where `final.npz` lies.
        folder: Where to write `final.cif` and, for up to 99,999 atoms, `final.pdb`.

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
        folder: Where to write.
        stem: Name of the files; `.cif` and, for up to 99,999 atoms, `.pdb` is added.

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
            # No standard residue name: readers then take the bonds from the file instead of guessing them.
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
