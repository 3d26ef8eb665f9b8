"""Ring spearing: a bond that passes through a ring, which dynamics cannot resolve."""

from collections.abc import Sequence

import numpy as np

from mdcore.cell.topology import FloatArray, IntArray


def pierces(segments: FloatArray, ring: FloatArray) -> np.ndarray:
    """Return which segments pass through a ring.

    The ring is triangulated as a fan around its centroid, which is exact for planar rings and a good approximation for puckered ones; the
    intersection test is that of Möller and Trumbore (1997, doi:10.1080/10867651.1997.10487468).

    Args:
        segments: Shape (s, 2, 3), nm, in the periodic image nearest to the ring.
        ring: Shape (k, 3), nm, the ring's atoms in order.

    Returns:
        Shape (s,), bool.
    """
    centre = ring.mean(axis=0)
    edge_1 = ring - centre
    origin, direction = segments[:, 0], segments[:, 1] - segments[:, 0]
    # Segments further away than the sum of both radii cannot intersect the ring; this excludes nearly all.
    reach = np.sqrt(np.einsum("ti,ti->t", edge_1, edge_1).max()) + 0.5 * np.sqrt(
        np.einsum("si,si->s", direction, direction)
    )
    away = origin + 0.5 * direction - centre
    close = np.flatnonzero(np.einsum("si,si->s", away, away) <= reach**2)
    result = np.zeros(len(segments), dtype=bool)
    if not len(close):
        return result
    origin, direction = origin[close], direction[close]
    edge_2 = np.concatenate([edge_1[1:], edge_1[:1]])
    p = np.cross(direction[:, None, :], edge_2[None, :, :])
    determinant = np.einsum("sti,ti->st", p, edge_1)
    safe = np.where(np.abs(determinant) < 1e-12, np.inf, determinant)
    offset = origin[:, None, :] - centre
    u = np.einsum("sti,sti->st", p, np.broadcast_to(offset, p.shape)) / safe
    q = np.cross(np.broadcast_to(offset, p.shape), edge_1[None, :, :])
    v = np.einsum("sti,si->st", q, direction) / safe
    t = np.einsum("sti,ti->st", q, edge_2) / safe
    hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0) & (t <= 1) & np.isfinite(safe)
    result[close] = hit.any(axis=1)
    return result


def find_spears(
    positions: FloatArray, bonds: IntArray, rings: Sequence[Sequence[int]], edges_nm: FloatArray, reach_nm: float = 0.45
) -> list[tuple[int, int]]:
    """Find every bond that passes through a ring in a rectangular periodic cell.

    Args:
        positions: Shape (n, 3), nm, chains whole.
        bonds: Shape (m, 2).
        rings: Atom indices of each ring.
        edges_nm: Shape (3,), edges of the box.
        reach_nm: Bonds whose midpoint is further from the ring's centre are skipped.

    Returns:
        Pairs (index of ring, index of bond).
    """
    if not len(bonds) or not rings:
        return []
    from scipy.spatial import cKDTree

    middle = positions[bonds].mean(axis=1)
    # A coordinate rounded up to the edge lies outside the half-open box of the tree.
    wrapped = np.mod(middle, edges_nm)
    wrapped[wrapped >= edges_nm] = 0.0
    tree = cKDTree(wrapped, boxsize=edges_nm)
    found: list[tuple[int, int]] = []
    for index, ring in enumerate(rings):
        atoms = positions[list(ring)]
        centre = atoms.mean(axis=0)
        place = np.mod(centre, edges_nm)
        place[place >= edges_nm] = 0.0
        near = np.array(tree.query_ball_point(place, reach_nm), dtype=np.int64)
        near = near[~np.isin(bonds[near], ring).any(axis=1)] if len(near) else near
        if not len(near):
            continue
        shift = -edges_nm * np.rint((middle[near] - centre) / edges_nm)
        segments = positions[bonds[near]] + shift[:, None, :]
        found.extend((index, int(bond)) for bond in near[pierces(segments, atoms)])
    return found
