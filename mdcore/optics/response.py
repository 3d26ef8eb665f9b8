"""Frequency-dependent polarizability by linear response.

The coupled-perturbed Kohn-Sham equations for a field along `mu` that oscillates with `omega` read, for real closed-shell
orbitals (Casida 1995; Jorgensen, Jensen and Olsen, J. Chem. Phys. 89, 3654 (1988), doi 10.1063/1.454885)::

    (A + B) P - omega Q = mu          (A - B) Q - omega P = 0          alpha = 4 mu . P

with `P = X + Y`, `Q = X - Y` in the space of occupied-virtual pairs. They are solved iteratively in one subspace for all
directions and frequencies together, without computing excited states or truncating a sum over states.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mdcore.optics.errors import OpticsFailed

Array = NDArray[np.float64]
# Rows u of an (m, n) array to the rows of (A + B) u and of (A - B) u.
Products = Callable[[Array], tuple[Array, Array]]


def solve_response(
    products: Products,
    gaps: Array,
    moments: Array,
    omegas: Sequence[float],
    *,
    tolerance: float = 3e-3,
    max_iterations: int = 40,
) -> Array:
    """Return polarizability tensors at several frequencies.

    Args:
        products: Function that multiplies the rows of an (m, n) array by A + B and by A - B.
        gaps: Orbital energy differences, shape (n,), in hartree, for preconditioning.
        moments: Dipole moments between occupied and virtual orbitals, shape (3, n), in atomic units.
        omegas: Frequencies below the first excitation, in hartree.
        tolerance: Maximum residual relative to the moments. The error of the polarizability is of its square.
        max_iterations: Maximum number of subspace expansions.

    Returns:
        Tensors in atomic units, shape (len(omegas), 3, 3), symmetrised.

    Raises:
        OpticsFailed: The residual did not fall below the tolerance, or a frequency is at or above a resonance.
    """
    scale = np.linalg.norm(moments, axis=1).max()
    basis = _orthonormal(moments / gaps, np.empty((0, gaps.size)), 0.0)
    plus_basis, minus_basis = products(basis)
    worst = np.inf
    for _ in range(max_iterations):
        solutions, residuals = _project(basis, plus_basis, minus_basis, moments, omegas)
        worst = max(float(np.linalg.norm(r, axis=1).max()) for pair in residuals for r in pair) / scale
        if worst < tolerance:
            tensors = np.array([4.0 * moments @ p.T for p in solutions])
            return np.asarray((tensors + tensors.transpose(0, 2, 1)) / 2.0, dtype=np.float64)
        corrections = [
            correction
            for (r_p, r_q), omega in zip(residuals, omegas, strict=True)
            for correction in (
                (gaps * r_p + omega * r_q) / (gaps**2 - omega**2),
                (gaps * r_q + omega * r_p) / (gaps**2 - omega**2),
            )
        ]
        new = _orthonormal(np.concatenate(corrections), basis, 0.1 * tolerance * scale / float(gaps.mean()))
        if not new.size:
            break
        basis = np.concatenate([basis, new])
        new_plus, new_minus = products(new)
        plus_basis, minus_basis = np.concatenate([plus_basis, new_plus]), np.concatenate([minus_basis, new_minus])
    raise OpticsFailed(
        f"linear response stopped at a relative residual of {worst:.1e} above {tolerance:.0e}; raise max_iterations"
    )


def _project(
    basis: Array, plus_basis: Array, minus_basis: Array, moments: Array, omegas: Sequence[float]
) -> tuple[list[Array], list[tuple[Array, Array]]]:
    """Solve in the subspace; return P and the residuals of both equations for each frequency."""
    size = len(basis)
    s_plus, s_minus = basis @ plus_basis.T, basis @ minus_basis.T
    s_plus, s_minus = (s_plus + s_plus.T) / 2.0, (s_minus + s_minus.T) / 2.0
    right = np.concatenate([basis @ moments.T, np.zeros((size, len(moments)))])
    solutions, residuals = [], []
    for omega in omegas:
        coupling = -omega * np.eye(size)
        matrix = np.block([[s_plus, coupling], [coupling, s_minus]])
        if np.linalg.eigvalsh(matrix)[0] <= 0.0:
            raise OpticsFailed(
                f"frequency {omega:.4f} hartree is at or above the first excitation, or the ground state is unstable; use "
                "a functional with more exact exchange or a longer wavelength"
            )
        p, q = np.split(np.linalg.solve(matrix, right), 2)
        solutions.append(p.T @ basis)
        residuals.append(
            (
                moments - p.T @ plus_basis + omega * (q.T @ basis),
                omega * (p.T @ basis) - q.T @ minus_basis,
            )
        )
    return solutions, residuals


def _orthonormal(vectors: Array, basis: Array, threshold: float) -> Array:
    """Return the directions of `vectors` outside `basis` whose weight exceeds the threshold, orthonormal."""
    rest = vectors.copy()
    for _ in range(2):  # twice, because one projection leaves rounding errors of nearly parallel vectors
        rest -= (rest @ basis.T) @ basis
    _, weights, rows = np.linalg.svd(rest, full_matrices=False)
    kept = rows[weights > max(threshold, 1e-12)]
    for _ in range(2):
        kept = kept - (kept @ basis.T) @ basis
    return np.linalg.qr(kept.T)[0].T if len(kept) else kept
