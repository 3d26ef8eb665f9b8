"""The 3-D view of a final cell: one offline file with the cell as it was simulated."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mdcore.chem.errors import BundleError
from mdcore.measure import final_views, view3d
from mdcore.measure.view3d import whole_chains, write_view

BOX = np.diag([2.0, 3.0, 4.0])


def cell(folder: Path, **content: object) -> Any:
    """Two chains, CO and CN: the first half outside of the cell, the second a whole cell away."""
    run = folder / "run"
    run.mkdir()
    positions = np.array([[-0.05, 0.5, 0.5], [0.07, 0.5, 0.5], [4.5, -2.5, 1.0], [4.5, -2.4, 1.0]])
    np.savez(run / "final.npz", positions_nm=positions, box_nm=BOX)
    arrays = {
        "atomic_numbers": np.array([6, 8, 6, 7]),
        "chain_index": np.array([0, 0, 1, 1]),
        "bonds": np.array([[0, 1], [2, 3]]),
        "bond_orders": np.array([2, 1]),
    }
    return SimpleNamespace(
        n_atoms=4, content_hash="0", arrays=arrays, content={"request": {"key": "*C<O>*"}, **content}
    )


def test_chains_stay_whole_with_their_centres_inside_the_cell() -> None:
    positions = np.array([[-0.05, 0.5, 0.5], [0.07, 0.5, 0.5], [4.5, -2.5, 1.0], [4.5, -2.4, 1.0]])
    placed = whole_chains(positions, BOX, np.array([0, 0, 1, 1]))
    # The first chain's centre, 0.01 nm, is inside already; the second moves by two cells in x and one in y.
    np.testing.assert_allclose(placed, [[-0.05, 0.5, 0.5], [0.07, 0.5, 0.5], [0.5, 0.5, 1.0], [0.5, 0.6, 1.0]])


def test_chains_come_into_a_triclinic_cell_by_its_own_vectors() -> None:
    box = np.array([[2.0, 0.0, 0.0], [0.8, 3.0, 0.0], [-0.6, 1.0, 4.0]])
    inside = np.array([0.3, 0.6, 0.9]) @ box + np.array([[-0.05, 0, 0], [0.05, 0, 0]])
    moved = inside + np.array([2, -1, 1]) @ box
    np.testing.assert_allclose(whole_chains(moved, box, np.array([0, 0])), inside)


def test_the_file_holds_the_cell_and_reaches_for_nothing(tmp_path: Path) -> None:
    (path,) = write_view(cell(tmp_path), tmp_path / "run", tmp_path)
    assert path == tmp_path / "final.html"
    html = path.read_text()
    text = re.search(r'<script type="application/json" id="cell">(.*?)</script>', html)
    assert text is not None
    assert json.loads(text[1]) == {
        "symbols": ["C", "N", "O"],
        "element": [0, 2, 0, 1],
        "chain": [0, 0, 1, 1],
        "pm": [-50, 500, 500, 70, 500, 500, 500, 500, 1000, 500, 600, 1000],
        "box": [[2000, 0, 0], [0, 3000, 0], [0, 0, 4000]],
        "bonds": [0, 1, 2, 3],
        "orders": [2, 1],
    }
    assert "*C&lt;O&gt;*" in html
    assert "4 atoms in 2 chains or molecules, cell 2.00 × 3.00 × 4.00 nm" in html
    assert "Redistributions in binary form must reproduce" in html  # the licence of 3Dmol.js goes with it
    found: list[tuple[str, dict[str, str | None]]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))  # type: ignore[method-assign]
    reader.feed(html)
    assert not [tag for tag, _ in found if tag in ("link", "iframe", "img")]
    assert not [name for _, attributes in found for name in attributes if name in ("src", "href")]
    assert len(html) < 700_000


def test_a_cell_without_end_has_no_view_and_a_damaged_one_tells_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = cell(tmp_path)
    (tmp_path / "run" / "final.npz").write_bytes(b"cut off")
    with pytest.raises(BundleError):
        write_view(bundle, tmp_path / "run", tmp_path)
    monkeypatch.setattr(view3d, "VIEW_LIMIT", 3)
    assert write_view(bundle, tmp_path / "run", tmp_path) == ()
    (tmp_path / "bundle").mkdir()
    assert final_views(tmp_path) == ()  # a report goes on without the picture
    (tmp_path / "final.html").write_text("kept")
    assert final_views(tmp_path) == (tmp_path / "final.html",)
    assert (tmp_path / "final.html").read_text() == "kept"
