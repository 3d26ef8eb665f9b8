"""Periodic boxes: matrices of shape (3, 3) whose rows are the box vectors in nm, in OpenMM's reduced form.

In the reduced form the first vector lies along x, the second in the xy plane, all diagonal elements are positive, and no vector
can be shortened by adding another: `a = (ax, 0, 0)`, `b = (bx, by, 0)`, `c = (cx, cy, cz)` with `ax >= 2 |bx|`, `ax >= 2 |cx|` and
`by >= 2 |cy|`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_SLACK = 1e-6
"""Relative tolerance of the reduced form: OpenMM's own."""


def box_matrix(box: ArrayLike) -> FloatArray:
    """Return a box as a matrix, shape (3, 3), from three edges, as older files hold them, or from a matrix.

    Raises:
        ValueError: The shape is wrong, or the box is not in the reduced form.
    """
    found = np.asarray(box, dtype=np.float64)
    if found.shape == (3,):
        found = np.diag(found)
    if found.shape != (3, 3):
        raise ValueError(f"a box needs the shape (3, 3), got {found.shape}; give its vectors as rows")
    check_reduced(found)
    return found


def check_reduced(box_nm: FloatArray) -> None:
    """Raise if a box is not in OpenMM's reduced form.

    Raises:
        ValueError: The box is not in the reduced form.
    """
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = np.asarray(box_nm, dtype=np.float64).tolist()
    upper = ay == az == bz == 0.0
    positive = min(ax, by, cz) > 0.0
    slack = 1.0 + _SLACK
    if not (
        upper
        and positive
        and ax * slack >= 2.0 * abs(bx)
        and ax * slack >= 2.0 * abs(cx)
        and by * slack >= 2.0 * abs(cy)
    ):
        rows = np.array2string(np.asarray(box_nm), precision=4, separator=", ").replace("\n", "")
        raise ValueError(f"box {rows} is not in OpenMM's reduced form; reduce it with mdcore.chem.box.reduced")


def reduced(box_nm: ArrayLike) -> FloatArray:
    """Return the reduced form of a lower triangular box, shape (3, 3): the same lattice, its vectors as short as possible.

    Args:
        box_nm: Shape (3, 3); the first vector along x, the second in the xy plane.
    """
    a, b, c = np.array(box_nm, dtype=np.float64)
    c = c - b * np.round(c[1] / b[1])
    c = c - a * np.round(c[0] / a[0])
    b = b - a * np.round(b[0] / a[0])
    return np.array([a, b, c])


def is_rectangular(box_nm: FloatArray) -> bool:
    """Return whether all angles of a box are right angles."""
    return not np.any(box_nm - np.diag(np.diag(box_nm)))


def box_edges(box_nm: FloatArray) -> FloatArray:
    """Return the lengths of the box vectors in nm, shape (3,)."""
    return np.diag(box_nm).copy() if is_rectangular(box_nm) else np.linalg.norm(box_nm, axis=1)


def mean_edge(box_nm: FloatArray) -> float:
    """Return the edge in nm of the cube of the same volume."""
    edges = np.diag(box_nm)
    if is_rectangular(box_nm) and np.all(edges == edges[0]):
        return float(edges[0])
    # The matrix is triangular.
    return float(np.prod(edges) ** (1.0 / 3.0))


def lattice_shift(displacement_nm: FloatArray, box_nm: FloatArray) -> FloatArray:
    """Return the lattice vectors whose subtraction brings displacements near zero, shape (..., 3) in nm.

    In a rectangular box the result is the nearest image. In a triclinic box it is the image given by OpenMM's reduced form,
    which is the nearest one for displacements shorter than half the smallest edge.
    """
    if is_rectangular(box_nm):
        edges = np.diag(box_nm)
        return np.asarray(edges * np.round(displacement_nm / edges))
    shift = np.zeros_like(displacement_nm)
    for axis in (2, 1, 0):
        left = displacement_nm[..., axis] - shift[..., axis]
        shift += np.round(left / box_nm[axis, axis])[..., None] * box_nm[axis]
    return shift


def cell_shift(points_nm: FloatArray, box_nm: FloatArray) -> FloatArray:
    """Return the lattice vectors whose subtraction brings points into the box, shape (..., 3) in nm."""
    if is_rectangular(box_nm):
        edges = np.diag(box_nm)
        return np.asarray(np.floor(points_nm / edges) * edges)
    fractions = np.linalg.solve(box_nm.T, np.moveaxis(points_nm, -1, 0).reshape(3, -1)).T.reshape(points_nm.shape)
    return np.asarray(np.floor(fractions) @ box_nm)
