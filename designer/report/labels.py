"""Placement of labels of points without overlaps."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mdcore.drawing import LINE, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]

GAP = 3.0
"""Distance in pixels between a label and its mark."""
NEAR, FAR = (0.0, 6.0, 12.0), (22.0, 34.0, 48.0, 64.0)
"""Maximum additional distance in pixels of a label, without and with a leader line."""
_DIRECTIONS = np.array(
    [(1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0), (0, 1), (-1, 0), (0, -1)], dtype=np.float64
)  # fmt: skip


def place(
    anchors: FloatArray,
    sizes: FloatArray,
    marks: FloatArray,
    soft: FloatArray,
    frame: tuple[float, float, float, float],
    radius: float = 5.0,
    prefer: tuple[float, float] = (1, 1),
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Choose a position for each label, in their order.

    A label tries eight directions, starting close to its mark. It stays inside the frame and covers neither marks nor earlier labels;
    of the remaining positions, it takes the one that covers the fewest soft boxes, then the closest.

    Args:
        anchors: Points that the labels belong to in pixels, shape (n, 2).
        sizes: Widths and heights of the labels in pixels, shape (n, 2).
        marks: Boxes (left, bottom, right, top) that labels must not cover, shape (k, 4).
        soft: Boxes that labels avoid if possible, such as error bars and lines, shape (s, 4).
        frame: Left, bottom, right and top of the plot in pixels.
        radius: Half the size of a mark in pixels.
        prefer: The direction to try first, each component -1, 0 or 1.

    Returns:
        Centres of the labels in pixels, shape (n, 2), NaN for labels without room; and which need a leader line, shape (n,).
    """
    centres = np.full((len(anchors), 2), np.nan)
    leads = np.zeros(len(anchors), dtype=bool)
    taken = np.asarray(marks, dtype=np.float64).reshape(-1, 4)
    soft = np.asarray(soft, dtype=np.float64).reshape(-1, 4)
    # A stable sort: the preferred direction first, the others in their order.
    directions = sorted(_DIRECTIONS, key=lambda direction: tuple(direction) != prefer)
    for i, (anchor, size) in enumerate(zip(anchors, sizes, strict=True)):
        best: tuple[int, float] | None = None
        for step, distance in enumerate((*NEAR, *FAR)):
            if best is not None and step >= len(NEAR):
                break
            for direction in directions:
                # Straight directions start at the rim of the mark, diagonal ones at its corner.
                centre = anchor + direction * (size / 2 + radius * (0.7 if direction.all() else 1.0) + GAP + distance)
                box = np.concatenate([centre - size / 2, centre + size / 2])
                if box[0] < frame[0] or box[1] < frame[1] or box[2] > frame[2] or box[3] > frame[3]:
                    continue
                if _covers(box, taken):
                    continue
                cost = (_covers(box, soft), distance)
                if best is None or cost < best:
                    best, centres[i], leads[i] = cost, centre, step >= len(NEAR)
        if best is not None:
            own = np.concatenate([centres[i] - size / 2, centres[i] + size / 2])
            taken = np.vstack([taken, own])
    return centres, leads


def _covers(box: FloatArray, others: FloatArray) -> int:
    """Count the boxes that a box overlaps."""
    apart = (
        (others[:, 2] <= box[0]) | (others[:, 0] >= box[2]) | (others[:, 3] <= box[1]) | (others[:, 1] >= box[3])
    )  # fmt: skip
    return int((~apart).sum())


def label_points(
    axes: "Axes",
    texts: list[tuple[str, float, float, dict[str, Any]]],
    points: FloatArray,
    bars: FloatArray,
    radius_pt: float = 4.0,
    prefer: tuple[float, float] = (1, 1),
) -> list[Any]:
    """Draw labels beside the points of a plot with final limits; labels without room are omitted.

    Args:
        axes: The plot.
        texts: Text, x, y and text properties of each label, the most important first.
        points: Marks that labels must not cover, in data units, shape (k, 2).
        bars: Segments to avoid (x0, y0, x1, y1) in data units, shape (s, 4).
        radius_pt: Half the size of a mark in points.
        prefer: The direction to try first, each component -1, 0 or 1.

    Returns:
        The artists.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # type: ignore[union-attr]
    radius = radius_pt * figure.dpi / 72
    artists: Any = [axes.text(x, y, text, **style) for text, x, y, style in texts]
    sizes = np.array([[(b := artist.get_window_extent()).width, b.height] for artist in artists]).reshape(-1, 2)
    for artist in artists:
        artist.remove()
    to_pixels = axes.transData.transform
    anchors = to_pixels(np.array([(x, y) for _, x, y, _ in texts]).reshape(-1, 2))
    at = to_pixels(points.reshape(-1, 2))
    marks = np.hstack([at - radius, at + radius])
    ends = np.hstack([to_pixels(bars.reshape(-1, 4)[:, :2]), to_pixels(bars.reshape(-1, 4)[:, 2:])])
    soft = np.hstack([np.minimum(ends[:, :2], ends[:, 2:]) - 0.5, np.maximum(ends[:, :2], ends[:, 2:]) + 0.5])
    centres, leads = place(anchors, sizes, marks, soft, axes.bbox.extents, radius, prefer)
    written = []
    for (text, x, y, style), centre, anchor, lead in zip(texts, centres, anchors, leads, strict=True):
        if np.isnan(centre).any():
            continue
        arrow = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.6 * LINE, "shrinkA": 0, "shrinkB": radius_pt}
        written.append(
            axes.annotate(
                text, (x, y), xytext=(centre - anchor) * 72 / figure.dpi, textcoords="offset points", ha="center", va="center",
                arrowprops=arrow if lead else None, **style,
            )
        )  # fmt: skip
    return written
