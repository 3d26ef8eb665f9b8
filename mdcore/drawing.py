"""Common style of plots and pages: colours, fonts, line widths, without matplotlib's global state.

It is shared by simulation plots, surrogates and reports, and does not import the subpackages of `mdcore`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdcore.chem.files import replacing_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, MUTED, GRID, GROUND, PAPER = "#1f2933", "#52606d", "#9aa5b1", "#e4e7eb", "#f5f7fa", "#ffffff"
ACCENT, NOVEL, KNOWN, BLUE = "#c2410c", "#0f766e", "#7c6f9f", "#1d4ed8"
"""Semantic colours: best results; new or predicted; known from experiment; a fourth category."""
SERIES = (ACCENT, BLUE, NOVEL, "#8a6d1a", KNOWN, "#be185d", "#15803d", "#6b7280")
"""Colours of curves, in this order."""
DASHES = ("-", "--", "-.", ":")
"""Line styles for further curves when all colours are used."""

FONT = "DejaVu Sans"
FONT_STACK = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
MONOSPACE_STACK = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
TEXT, SMALL = 9.5, 8.5
"""Font sizes of plots in points: axes and titles, labels inside."""
THICK, LINE, THIN = 1.8, 1.2, 0.8
"""Line widths in points: a result, a guide or whisker, a dense series or grid."""
SHADE = 0.15
"""Opacity of an error band or of the area under a curve."""
DPI = 150

_STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "font.size": TEXT,
    "text.color": INK,
    "axes.titlesize": TEXT + 0.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": THIN,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": THIN,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": THICK,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "svg.fonttype": "path",
    "svg.hashsalt": "polymer-designer",
}


@contextmanager
def _styled() -> Iterator[None]:
    import matplotlib as mpl
    from cycler import cycler

    with mpl.rc_context(_STYLE | {"axes.prop_cycle": cycler(color=SERIES)}):
        yield


@contextmanager
def drawn(width: float, height: float) -> "Iterator[Figure]":
    """Create a figure in this style; create its artists inside the block.

    Args:
        width: Width in inches.
        height: Height in inches.
    """
    from matplotlib.figure import Figure

    with _styled():
        yield Figure(figsize=(width, height), layout="constrained")


def save(figure: "Figure", path: Path) -> None:
    """Save a figure in this style; the suffix of the path gives the format."""
    with _styled(), replacing_path(path) as part:
        figure.savefig(part, dpi=DPI, format=path.suffix.removeprefix(".") or None)


def css_variables() -> str:
    """Return the colours as CSS custom properties."""
    named = {
        "ink": INK, "soft": SOFT, "muted": MUTED, "line": GRID, "ground": GROUND, "paper": PAPER, "accent": ACCENT, "new": NOVEL,
        "known": KNOWN, "text": FONT_STACK, "code": MONOSPACE_STACK,
    }  # fmt: skip
    return " ".join(f"--{name}: {value};" for name, value in named.items())
