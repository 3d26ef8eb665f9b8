"""SVG plots of the report, and labels of their axes."""

import io
import re
from typing import TYPE_CHECKING, Any

from mdcore.chem import property_spec
from surrogates import Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def in_a_sentence(label: str) -> str:
    """Return a label for the middle of a sentence; proper names keep their capital."""
    return label if label.startswith("Abbe") else label[0].lower() + label[1:]


def aim_text(objective: Objective) -> str:
    """Return the aim of an objective: `larger is better`, `smaller is better`, `near 1.1`."""
    aims = {"maximise": "larger is better", "minimise": "smaller is better"}
    return aims.get(objective.direction) or f"near {objective.target:g}"


def axis_text(objective: Objective) -> str:
    """Return the label of an objective's axis."""
    return f"{property_spec(objective.property).axis_label}, {aim_text(objective)}"


def subscripts(text: str) -> Any:
    """Return text as escaped HTML, with subscripts for the underscores of symbols: `ρ_slow`, `n_D`, `T_g,sim`."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<![A-Za-z0-9])([^\W\d_])_([^\W_]+(?:,[^\W_]+)?)", r"\1<sub>\2</sub>", str(escape(text))))


def as_svg(figure: "Figure") -> str:
    """Return a figure as an `<svg>` element that scales with its frame."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # The plot scales with its frame up to its natural size.
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"|<svg ([^>]*?)height="[^"]*"', r"<svg \1\2", text, count=1)
