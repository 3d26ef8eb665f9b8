"""Energies and forces of bonded terms.

Each function takes the places of the atoms of m terms, shape (m, k, 3) in nm, and their parameters, shape (m, p), and returns the energies,
shape (m,) in kJ/mol, and the forces on the atoms, shape (m, k, 3) in kJ/mol/nm.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def harmonic_bonds(places: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return energies and forces of k/2 (r - length)^2; values are (length, k)."""
    arm = places[:, 0] - places[:, 1]
    distance = np.linalg.norm(arm, axis=1)
    stretch = distance - values[:, 0]
    force = (-values[:, 1] * stretch / distance)[:, None] * arm
    return 0.5 * values[:, 1] * stretch**2, np.stack([force, -force], axis=1)


def harmonic_angles(places: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return energies and forces of k/2 (theta - angle)^2; values are (angle, k)."""
    first, last = places[:, 0] - places[:, 1], places[:, 2] - places[:, 1]
    normal = np.cross(first, last)
    # The angle from both sine and cosine is accurate near 180 degrees as well.
    theta = np.arctan2(np.linalg.norm(normal, axis=1), _dots(first, last))
    bend = theta - values[:, 0]
    torque = -values[:, 1] * bend
    area = np.maximum(np.linalg.norm(normal, axis=1), np.finfo(np.float64).tiny)
    on_first = (torque / (_dots(first, first) * area))[:, None] * np.cross(first, normal)
    on_last = (torque / (_dots(last, last) * area))[:, None] * np.cross(normal, last)
    return 0.5 * values[:, 1] * bend**2, np.stack([on_first, -on_first - on_last, on_last], axis=1)


def periodic_torsions(places: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return energies and forces of k (1 + cos(n phi - phase)); values are (n, phase, k).

    The gradient of the angle has no singularity where the torsion is planar (Blondel and Karplus 1996,
    doi:10.1002/(SICI)1096-987X(19960715)17:9<1132::AID-JCC5>3.0.CO;2-T, equation 27; their F, G, H, A, B are `f`, `g`, `h`, `a`, `b`).
    """
    f, g, h = places[:, 0] - places[:, 1], places[:, 1] - places[:, 2], places[:, 3] - places[:, 2]
    a, b = np.cross(f, g), np.cross(h, g)
    length = np.linalg.norm(g, axis=1)
    phi = np.arctan2(_dots(np.cross(b, a), g), length * _dots(a, b))
    argument = values[:, 0] * phi - values[:, 1]
    # Force along the angle.
    torque = values[:, 2] * values[:, 0] * np.sin(argument)
    square_a, square_b = _dots(a, a), _dots(b, b)
    on_first = (-torque * length / square_a)[:, None] * a
    on_last = (torque * length / square_b)[:, None] * b
    lever = (torque * _dots(f, g) / (square_a * length))[:, None] * a
    lever -= (torque * _dots(h, g) / (square_b * length))[:, None] * b
    forces = np.stack([on_first, -on_first + lever, -on_last - lever, on_last], axis=1)
    return values[:, 2] * (1.0 + np.cos(argument)), forces


def _dots(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", a, b))
