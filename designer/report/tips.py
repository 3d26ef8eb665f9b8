"""Tooltips of plots."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from designer.report.drawing import subscripts
from designer.report.points import Point
from designer.report.structures import structure_svg
from designer.text import with_error
from mdcore.chem import property_spec
from mdcore.drawing import FONT_STACK, INK, MONOSPACE_STACK, SOFT
from surrogates import Objective


def percent(probability: float | None) -> str:
    """Return a probability from Monte Carlo: `83 %`, with `> 99 %` and `< 1 %` at the ends; empty if unknown."""
    if probability is None or probability != probability:
        return ""
    if probability > 0.99:
        return "> 99 %"
    return "< 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def value_text(name: str, value: float, stderr: float) -> str:
    """Return a value with its standard error and unit."""
    unit = property_spec(name).unit
    return with_error(value, stderr) + ("" if unit == "1" else f" {unit}")


def tip_html(point: Point, objectives: Sequence[Objective], *, picture: bool) -> str:
    """Return number, structure, every measured property and the route of a polymer as HTML, all texts escaped."""
    measured = [(o.property, v, e) for o, v, e in zip(objectives, point.values, point.stderrs, strict=True)]
    lines = [(point.label(name), value_text(name, value, stderr)) for name, value, stderr in (*measured, *point.others)]
    if point.probability is not None:
        lines.append(("On the front, probability", percent(point.probability)))
    return str(_macro()(point, lines, _drawing(point.structures) if picture else "")).strip()


def _drawing(structures: tuple[str, ...]) -> str:
    # Both dimensions are given, since a hover box has no frame that determines the size.
    return structure_svg(structures, 260, 130).replace("<svg ", '<svg width="260" height="130" ', 1)


@cache
def _macro() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("designer.report", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    look = {"font": FONT_STACK.replace('"', "'"), "code": MONOSPACE_STACK.replace('"', "'"), "ink": INK, "soft": SOFT}
    environment.globals.update(look)
    environment.filters["subscripts"] = subscripts
    module: Any = environment.get_template("tip.html.j2").module
    return module.tip
