"""Repeat units and molecules drawn as SVG."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rdkit import Chem
from rdkit.Geometry import Point3D

from mdcore.chem.notation import read_molecule, read_repeat_unit


@lru_cache(maxsize=4096)
def structure_svg(structures: str | tuple[str, ...], width: int = 260, height: int = 170) -> str:
    """Draw a repeat unit, several side by side, or a molecule; the two open ends of a repeat unit are wavy bonds.

    Args:
        structures: SMILES, with two stars for a repeat unit and without stars for a molecule.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        An `<svg>` element for use inside HTML, its glyphs drawn as paths; empty text without structures.
    """
    texts = (structures,) if isinstance(structures, str) else structures
    if not texts:
        return ""
    from rdkit.Chem.Draw import rdMolDraw2D

    mol = _read(texts[0]) if len(texts) == 1 else _side_by_side([_read(text) for text in texts])
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    # RDKit's type stubs declare the wrong type for these options.
    options: Any = drawer.drawOptions()
    options.dummiesAreAttachments = True
    options.clearBackground = False
    options.fixedBondLength = 34
    options.bondLineWidth = 1.5
    options.padding = 0.06
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    return _compact(drawer.GetDrawingText())


def _read(text: str) -> Chem.Mol:
    return read_repeat_unit(text, None) if "*" in text or "[#0" in text else read_molecule(text, None)


def _side_by_side(mols: Sequence[Chem.Mol]) -> Any:
    """Return molecules as one, laid out from left to right in the plane."""
    from rdkit.Chem.rdDepictor import Compute2DCoords

    whole, edge = None, 0.0
    for mol in mols:
        Compute2DCoords(mol)
        places = mol.GetConformer().GetPositions()
        low, high = places.min(axis=0), places.max(axis=0)
        if whole is None:
            whole, edge = mol, high[0] + _GAP
            continue
        whole = Chem.CombineMols(whole, mol, Point3D(edge - low[0], -0.5 * (low[1] + high[1]), 0.0))
        edge += high[0] - low[0] + _GAP
    return whole


_GAP = 2.0
"""Space between two structures; a bond is 1.5 long."""
_PATH = re.compile(r"<path [^>]*?\bd='([^']*)'([^>]*)/>")
_NUMBER = re.compile(r"-?\d+\.\d+")


def _compact(svg: str) -> str:
    """Return an RDKit drawing as a compact `<svg>` that scales with its container.

    Paths of the same style are merged, coordinates are rounded to 0.1 pixel, and metadata for editors is dropped.
    """
    box = re.search(r"viewBox='[^']*'", svg)
    looks: dict[str, list[str]] = {}
    for path, rest in _PATH.findall(svg):
        shape = _NUMBER.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), path)
        shape = re.sub(r"\s*([A-Za-z,])\s*", r"\1", shape).strip()
        looks.setdefault(_look(rest), []).append(shape)
    # Lines first, letters on top of them.
    ordered = sorted(looks, key=lambda look: "stroke" not in look)
    paths = "".join(f'<path d="{"".join(looks[look])}" {look}/>' for look in ordered)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box[0] if box else ""}>{paths}</svg>'.replace("'", '"')


def _look(attributes: str) -> str:
    found = dict(re.findall(r"([a-z-]+):([^;']+)", attributes)) | dict(re.findall(r"([a-z-]+)='([^']*)'", attributes))
    if found.get("stroke", "none") == "none":
        return f'fill="{found.get("fill", "black")}"'
    width = found.get("stroke-width", "1").removesuffix("px")
    return f'fill="{found.get("fill", "none")}" stroke="{found["stroke"]}" stroke-width="{width}"'
