"""Repeat units drawn as SVG."""

import re
from functools import lru_cache
from typing import Any

from mdcore.chem.notation import read_repeat_unit


@lru_cache(maxsize=4096)
def structure_svg(psmiles: str, width: int = 260, height: int = 170) -> str:
    """Draw a repeat unit; its two open ends are wavy bonds.

    Returns:
        An `<svg>` element for use inside HTML, its glyphs drawn as paths.
    """
    from rdkit.Chem.Draw import rdMolDraw2D

    mol = read_repeat_unit(psmiles, None)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    # RDKit's type stubs take the options for something else than they are.
    options: Any = drawer.drawOptions()
    options.dummiesAreAttachments = True
    options.clearBackground = False
    options.fixedBondLength = 34
    options.bondLineWidth = 1.5
    options.padding = 0.06
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    return _compact(drawer.GetDrawingText())


_PATH = re.compile(r"<path [^>]*?\bd='([^']*)'([^>]*)/>")
_NUMBER = re.compile(r"-?\d+\.\d+")


def _compact(svg: str) -> str:
    """Return an RDKit drawing as an `<svg>` that scales with its frame, at a fraction of the size.

    Paths that look the same become one, coordinates keep a tenth of a pixel, and what editors alone read is left out.
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
