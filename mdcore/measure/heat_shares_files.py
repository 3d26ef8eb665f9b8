"""Plot and table of the decomposition of a heat flow."""

import csv
from pathlib import Path

import numpy as np

from mdcore.chem.files import replacing_text
from mdcore.drawing import BLUE, INK, LINE, MUTED, NOVEL, SMALL, TEXT, THIN, drawn, save
from mdcore.estimate.heat_shares import HeatFlowShares

_LABELS = {
    "kinetic_convection": "Convection, kinetic",
    "potential_convection": "Convection, potential",
    "bonds": "Bonds",
    "angles": "Angles",
    "torsions": "Torsions",
    "impropers": "Impropers",
    "van_der_waals": "Van der Waals",
    "electrostatic": "Electrostatic",
    "exceptions": "1-4 pairs (exceptions)",
    "constraints": "Constraints",
}


COLUMNS = (
    "component",
    "share",
    "share_stderr",
    "within_chains",
    "within_chains_stderr",
    "between_chains",
    "between_chains_stderr",
)
"""Columns of the table; all are fractions of the imposed flow."""


def write_heat_shares(shares: HeatFlowShares, folder: Path, title: str = "") -> tuple[Path, ...]:
    """Write `heat_shares.png` and `heat_shares.csv`: the components with standard errors, their sum, and the residual to the imposed flow.

    Args:
        shares: The decomposition.
        folder: An existing folder.
        title: Title of the plot.

    Returns:
        The files.
    """
    files = folder / "heat_shares.png", folder / "heat_shares.csv"
    _draw(shares, files[0], title)
    with replacing_text(files[1], newline="") as stream:
        table = csv.writer(stream)
        table.writerow(COLUMNS)
        for one in shares.components:
            table.writerow(
                (one.name, *(number for e in (one.total, one.within, one.between) for number in (e.value, e.stderr)))
            )
        for name, estimate in (("sum", shares.total), ("residual", shares.residual)):
            table.writerow((name, estimate.value, estimate.stderr, *[""] * 4))
    return files


def _draw(shares: HeatFlowShares, path: Path, title: str) -> None:
    rows = [one for one in shares.components if one.total.value or one.total.stderr]
    n = len(rows)
    places = np.arange(n)
    with drawn(7.0, 1.6 + 0.36 * (n + 2)) as figure:
        axis = figure.subplots()
        for offset, part, label, colour in (
            (-0.19, "within", "within chains", BLUE),
            (0.19, "between", "between chains", NOVEL),
        ):
            found = [(place, e) for place, row in enumerate(rows) if (e := getattr(row, part)).value or e.stderr]
            heights = [place + offset for place, _ in found]
            axis.barh(heights, [e.value for _, e in found], 0.34, color=colour, label=label)
            axis.errorbar(
                [e.value for _, e in found], heights, xerr=[e.stderr for _, e in found], fmt="none", ecolor=INK, elinewidth=LINE,
                capsize=2.5,
            )  # fmt: skip
        whole = (shares.total, shares.residual)
        axis.barh([n + 0.2, n + 1.2], [e.value for e in whole], 0.55, color=MUTED)
        axis.errorbar(
            [e.value for e in whole], [n + 0.2, n + 1.2], xerr=[e.stderr for e in whole], fmt="none", ecolor=INK, elinewidth=LINE,
            capsize=2.5,
        )  # fmt: skip
        axis.axvline(0.0, color=INK, linewidth=THIN)
        axis.axvline(1.0, color=INK, linewidth=THIN, linestyle="--")
        axis.set_yticks([*places, n + 0.2, n + 1.2], [*(_LABELS.get(r.name, r.name) for r in rows), "Sum", "Residual"])
        for place, estimate in [
            *zip(places, (r.total for r in rows), strict=True),
            (n + 0.2, whole[0]),
            (n + 1.2, whole[1]),
        ]:
            axis.annotate(
                f"{estimate.value:.2f} ± {estimate.stderr:.2f}", (1.01, place), xycoords=("axes fraction", "data"), va="center",
                fontsize=SMALL,
            )  # fmt: skip
        axis.grid(visible=False, axis="y")
        axis.invert_yaxis()
        axis.set_xlabel(f"Share of the imposed heat flow ({shares.n_frames} frames)")
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
        if title:
            axis.set_title(title, loc="left", fontsize=TEXT)
        save(figure, path)
