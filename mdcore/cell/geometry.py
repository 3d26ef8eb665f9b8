"""Rotations for placing one residue after another."""

import numpy as np

from mdcore.cell.topology import FloatArray


def rotation_between(source: FloatArray, target: FloatArray) -> FloatArray:
    """Return the rotation matrix (3, 3) that rotates the direction of `source` to that of `target` by the smallest angle."""
    a = source / np.linalg.norm(source)
    b = target / np.linalg.norm(target)
    cosine = float(a @ b)
    if cosine < -0.999999:
        axis = np.cross(a, [1.0, 0.0, 0.0] if abs(a[0]) < 0.9 else [0.0, 1.0, 0.0])
        axis /= np.linalg.norm(axis)
        return np.asarray(2.0 * np.outer(axis, axis) - np.eye(3))
    # Written out: numpy's cross product is ten times slower for two single vectors.
    (a1, a2, a3), (b1, b2, b3) = a.tolist(), b.tolist()
    x, y, z = a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1.0 + cosine))


def rotations_about(axis: FloatArray, angles: FloatArray) -> FloatArray:
    """Return the rotation matrices, shape (k, 3, 3), about `axis` by each of `angles`, shape (k,), rad."""
    x, y, z = axis / np.linalg.norm(axis)
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine, cosine = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    return np.asarray(np.eye(3) + sine * skew + (1.0 - cosine) * (skew @ skew))


def random_rotation(rng: np.random.Generator) -> FloatArray:
    """Return a uniformly random rotation matrix (Shoemake 1992, by a unit quaternion)."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
