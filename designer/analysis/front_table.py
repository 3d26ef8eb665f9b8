"""A Pareto front with drawings in notebooks."""

from html import escape

import pandas as pd

from mdcore.chem.display import with_error
from mdcore.chem.drawing import structure_svg
from mdcore.chem.properties import PROPERTIES

STRUCTURES = "structures"
"""Attribute of a table with what drawings show, by the number of the evaluation, for other substances than homopolymers."""


class FrontTable(pd.DataFrame):
    """A `pandas.DataFrame` of the front; tables derived from it are ordinary ones."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        """Return a row for each polymer with drawing, pSMILES and values with standard errors."""
        names = [name for name in self.columns if name in PROPERTIES]
        heads = ["evaluation", "structure", *(f"{name} ({PROPERTIES[name].unit})" for name in names)]
        lines = ["<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"]
        for row in self.to_dict("records"):
            psmiles = str(row["psmiles"])
            structures = self.attrs.get(STRUCTURES, {}).get(row["evaluation"], psmiles)
            drawing = (
                f'<div style="width:160px">{structure_svg(structures, 200, 120)}<code>{escape(psmiles)}</code></div>'
            )
            values = [with_error(row[name], row.get(f"{name}_stderr", 0.0)) for name in names]
            cells = [escape(str(row["evaluation"])), drawing, *map(escape, values)]
            lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        return f"<table>{''.join(lines)}</table>"
