"""The style of the report's plots; matplotlib without its global state."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, MUTED, NOVEL, KNOWN = "#1f2933", "#c2410c", "#9aa5b1", "#0f766e", "#7c6f9f"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "polymer-designer",
}


def in_a_sentence(label: str) -> str:
    """Return a label for the middle of a sentence; proper names keep their capital."""
    return label if label.startswith("Abbe") else label[0].lower() + label[1:]


@contextmanager
def drawn(width: float, height: float) -> "Iterator[tuple[Figure, Axes]]":
    """Make a figure in the report's style, which matplotlib reads when artists are made and when they are drawn."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def as_svg(figure: "Figure") -> str:
    """Return a figure as an `<svg>` element that scales with its frame."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # The plot scales with its frame, up to its own size.
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"|<svg ([^>]*?)height="[^"]*"', r"<svg \1\2", text, count=1)
