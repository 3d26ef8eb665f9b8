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
    svg = drawer.GetDrawingText()
    svg = svg[svg.index("<svg") :]
    # The drawing scales with its frame; the XML namespaces of editors are of no use inside HTML.
    return re.sub(r"width='\d+px' height='\d+px'", "", svg, count=1)
