"""Labels of plots cover neither each other nor a point."""

import numpy as np
import pytest
from matplotlib.text import Text

from designer.report.labels import label_points, place
from mdcore.drawing import drawn


def boxes(centres: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.hstack([centres - sizes / 2, centres + sizes / 2])


def overlaps(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


@pytest.mark.parametrize("seed", range(5))
def test_labels_of_crowded_points_stay_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    anchors = rng.normal((300.0, 200.0), 45.0, (40, 2))
    sizes = np.column_stack([rng.uniform(8, 60, 40), np.full(40, 10.0)])
    marks = np.hstack([anchors - 4, anchors + 4])
    centres, leads = place(anchors, sizes, marks, np.zeros((0, 4)), (0, 0, 600, 400), radius=4.0)
    placed = np.flatnonzero(~np.isnan(centres[:, 0]))
    own = boxes(centres, sizes)
    assert len(placed) >= 30
    assert leads[placed].any()  # some have to stand away, with a line to their point
    for i in placed:
        assert own[i, 0] >= 0
        assert own[i, 3] <= 400
        assert not any(overlaps(own[i], mark) for mark in marks)
        assert not any(overlaps(own[i], own[j]) for j in placed if j < i)


def test_a_lone_label_stands_where_it_is_preferred() -> None:
    """Right of its point: half its width, the mark and the gap of three pixels away."""
    anchor, size, none = np.array([[50.0, 50.0]]), np.array([[20.0, 10.0]]), np.zeros((0, 4))
    centres, leads = place(anchor, size, none, none, (0, 0, 100, 100), radius=5.0, prefer=(1, 0))
    assert centres.tolist() == [[50 + 10 + 5 + 3, 50.0]]
    assert not leads.any()


def test_a_label_without_room_is_left_out_and_the_first_one_wins() -> None:
    anchors, sizes = np.array([[50.0, 50.0], [50.0, 50.0]]), np.full((2, 2), 40.0)
    mark = np.array([[45.0, 45.0, 55.0, 55.0]])
    centres, _ = place(anchors, sizes, mark, np.zeros((0, 4)), (40, 40, 100, 100), radius=5.0)
    assert not np.isnan(centres[0]).any()
    assert np.isnan(centres[1]).all()


def test_labels_in_a_plot_stay_apart_as_drawn() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(0, 1, 25), rng.normal(0, 1, 25)
    with drawn(6.0, 4.0) as figure:
        axes = figure.add_subplot()
        axes.plot(x, y, "o", markersize=5)
        texts = [
            (f"polymer {n}", float(a), float(b), {"fontsize": 8}) for n, (a, b) in enumerate(zip(x, y, strict=True))
        ]
        written = label_points(axes, texts, np.column_stack([x, y]), np.zeros((0, 4)))
        figure.draw_without_rendering()
        # Half a pixel: the layout is solved once more between the placing and the drawing.
        inset = np.array([0.5, 0.5, -0.5, -0.5])
        own = [Text.get_window_extent(artist).extents + inset for artist in written]
    assert len(own) >= 20
    assert not any(overlaps(a, b) for n, a in enumerate(own) for b in own[:n])
