"""Formatting of values for terminals and notebooks."""

import math
from collections.abc import Sequence
from html import escape

SMALL = 1e-3
"""Numbers below this are written with a power of ten."""


def with_error(value: float, stderr: float) -> str:
    """Return a value with its standard error, both rounded to the second significant digit of the error: `1.573 ± 0.012`.

    A value has at most five significant digits; an error below its last digit is written as a bound: `1.6890 ± <0.0001`.
    Small numbers share a power of ten: `(4.04 ± 0.52)e-05`.
    """
    if not math.isfinite(value + stderr) or stderr <= 0:
        return f"{value:.4g}"
    if 0 < max(abs(value), stderr) < SMALL:
        power = math.floor(math.log10(max(abs(value), stderr)))
        return f"({with_error(value / 10.0**power, stderr / 10.0**power)})e{power:03d}"
    decimals = max(0, 1 - math.floor(math.log10(stderr)))
    most = max(0, 4 - math.floor(math.log10(abs(value)))) if value else decimals
    if decimals > most + 1:
        return f"{value:.{most}f} ± <{10.0**-most:.{most}f}"
    return f"{value:.{decimals}f} ± {stderr:.{decimals}f}"


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table of plain texts as HTML, every cell escaped.

    Args:
        head: Headings of the columns.
        rows: Cells, row by row.
        caption: Title above the table.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{title}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"
