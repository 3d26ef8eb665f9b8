"""Plot of refractive index against wavelength."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.drawing import MUTED, SHADE, SMALL, SOFT, THIN, drawn, save
from mdcore.optics.values import LINES_NM

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def plot_dispersion(curves: Mapping[str, tuple[Curve, float]], path: Path | None = None) -> Any:
    """Draw n(wavelength) from 400 to 1000 nm with its standard error as a band and the Fraunhofer lines marked.

    Args:
        curves: By label, a function of wavelengths in nm and the standard error of n.
        path: File of the figure (its suffix gives the format), or None.

    Returns:
        The matplotlib figure.
    """
    with drawn(6.0, 4.0) as figure:
        axes = figure.add_subplot()
        nm = np.linspace(400.0, 1000.0, 301)
        for label, (curve, stderr) in curves.items():
            n = curve(nm)
            (line,) = axes.plot(nm, n, label=label)
            axes.fill_between(nm, n - stderr, n + stderr, color=line.get_color(), alpha=SHADE, linewidth=0)
        for name, position in LINES_NM.items():
            axes.axvline(position, color=MUTED, linewidth=THIN, zorder=0)
            axes.annotate(
                name,
                (position, 1.0),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                color=SOFT,
                fontsize=SMALL,
            )
        axes.set_xlim(400.0, 1000.0)
        axes.set_xlabel("Wavelength (nm)")
        axes.set_ylabel("Refractive index")
        axes.legend(title="band: one standard error", title_fontsize=SMALL)
        if path is not None:
            save(figure, path)
    return figure
