"""Products of the Kohn-Sham orbital Hessians with trial vectors, by density fitting.

With `(pq|rs) = sum_P B_pq^P B_rs^P` the closed-shell matrices of linear response are, for real orbitals and singlets::

    [(A + B) u]_ai = (e_a - e_i) u_ai + 4 (ai|bj) u_bj + 4 f_xc - c_x [(ab|ij) + (aj|bi)] u_bj
    [(A - B) u]_ai = (e_a - e_i) u_ai                           - c_x [(ab|ij) - (aj|bi)] u_bj

so one evaluation of both exchange terms serves both products. A range-separated functional has a second set of `B` with
the long-range operator.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.optics.errors import OpticsFailed

Array = NDArray[np.float64]
# Single precision for the largest arrays: the relative error of 1e-7 is far below the residual tolerance, and the
# products are memory-bound.
_Compact = NDArray[np.float32]


@dataclass(frozen=True)
class _Fitted:
    """Fitted integrals in molecular orbitals: oo (P, i, j), vo (P, a, i), vv (P, a, b), and the factor of exact exchange."""

    oo: Array
    vo: Array
    vv: _Compact
    exchange: float


class KohnShamHessian:
    """Products with A + B and A - B of a converged, closed-shell, density-fitted PySCF calculation.

    Args:
        mean_field: A converged `pyscf.dft.RKS` with `density_fit()`, of an LDA or GGA, hybrid or not.
        xp: Array module of the products, numpy or cupy. Inputs and outputs are numpy arrays.

    Raises:
        OpticsFailed: The functional is a meta-GGA, which is not supported.
    """

    def __init__(self, mean_field: Any, xp: Any = np) -> None:
        self._xp = xp
        self.occupied: Array = mean_field.mo_coeff[:, mean_field.mo_occ > 0]
        self.virtual: Array = mean_field.mo_coeff[:, mean_field.mo_occ == 0]
        energies = mean_field.mo_energy
        occ = mean_field.mo_occ > 0
        self.gaps: Array = (energies[~occ][:, None] - energies[occ][None, :]).ravel()
        omega, long_range, short_range = mean_field._numint.rsh_and_hybrid_coeff(mean_field.xc)
        hybrid = bool(abs(short_range) > 1e-12 or abs(long_range) > 1e-12)
        self._coulomb = self._fit(mean_field.with_df, short_range, pairs=hybrid)
        self._exchanges = [self._coulomb] if abs(short_range) > 1e-12 else []
        if omega != 0.0 and abs(long_range - short_range) > 1e-12:
            with mean_field.with_df.range_coulomb(omega) as attenuated:
                self._exchanges.append(self._fit(attenuated, long_range - short_range, pairs=True))
        self._kernel = _Kernel(mean_field, self.occupied, self.virtual, xp)

    def _fit(self, with_df: Any, exchange: float, *, pairs: bool) -> _Fitted:
        from pyscf import lib

        xp = self._xp
        occupied, virtual = xp.asarray(self.occupied), xp.asarray(self.virtual)
        compact = virtual.astype(np.float32)
        oo, vo, vv = [], [], []
        for packed in with_df.loop():
            full = xp.asarray(lib.unpack_tril(packed))
            half = xp.einsum("Ppq,qi->Ppi", full, occupied, optimize=True)
            oo.append(xp.einsum("pj,Ppi->Pji", occupied, half, optimize=True))
            vo.append(xp.einsum("pa,Ppi->Pai", virtual, half, optimize=True))
            if pairs:
                vv.append(compact.T @ (full.astype(np.float32) @ compact))
        n = self.virtual.shape[1]
        return _Fitted(
            xp.concatenate(oo),
            xp.concatenate(vo),
            xp.concatenate(vv) if pairs else xp.empty((0, n, n), np.float32),
            exchange,
        )

    def dipole_moments(self, molecule: Any) -> Array:
        """Return electronic dipole moments between occupied and virtual orbitals, shape (3, n), in atomic units."""
        with molecule.with_common_orig((0.0, 0.0, 0.0)):
            dipole = molecule.intor_symmetric("int1e_r", comp=3)
        return np.asarray(
            np.einsum("pa,xpq,qi->xai", self.virtual, dipole, self.occupied, optimize=True).reshape(3, -1),
            dtype=np.float64,
        )

    def products(self, vectors: Array) -> tuple[Array, Array]:
        """Return (A + B) u and (A - B) u for the rows u of an (m, n) array."""
        xp = self._xp
        rows, gaps = xp.asarray(vectors), xp.asarray(self.gaps)
        u = rows.reshape(-1, self.virtual.shape[1], self.occupied.shape[1])
        flat = self._coulomb.vo.reshape(len(self._coulomb.vo), -1)
        plus = gaps * rows + 4.0 * ((rows @ flat.T) @ flat) + self._kernel.apply(u).reshape(rows.shape)
        minus = gaps * rows
        for fitted in self._exchanges:
            direct, crossed = _direct(fitted, u, xp), _crossed(fitted, u, xp)
            plus -= fitted.exchange * (direct + crossed).reshape(rows.shape)
            minus -= fitted.exchange * (direct - crossed).reshape(rows.shape)
        return _on_host(plus), _on_host(minus)


def _on_host(array: Any) -> Array:
    """Return an array on the CPU."""
    return np.asarray(array.get() if hasattr(array, "get") else array, dtype=np.float64)


def _direct(fitted: _Fitted, u: Any, xp: Any) -> Any:
    """Contract (ab|ij) with u_bj."""
    m, n_virtual, n_occupied = u.shape
    total = xp.zeros((n_virtual, m * n_occupied), dtype=np.float64)
    stacked = u.transpose(1, 0, 2).reshape(-1, n_occupied)
    for block in _blocks(len(fitted.oo), 8 * m * n_virtual * n_occupied):
        right = xp.einsum("Pji,xj->Pxi", fitted.oo[block], stacked, optimize=True).astype(np.float32)
        right = right.reshape(-1, m * n_occupied)
        left = fitted.vv[block].transpose(1, 0, 2).reshape(n_virtual, -1)
        total += left @ right
    return total.reshape(n_virtual, m, n_occupied).transpose(1, 0, 2)


def _crossed(fitted: _Fitted, u: Any, xp: Any) -> Any:
    """Contract (aj|bi) with u_bj."""
    total = xp.zeros_like(u)
    n_occupied = u.shape[2]
    for block in _blocks(len(fitted.vo), 8 * n_occupied * u.shape[1]):
        vo = fitted.vo[block]
        for x, amplitudes in enumerate(u):
            inner = xp.einsum("Pbi,bj->Pji", vo, amplitudes, optimize=True)
            total[x] += xp.einsum("Paj,Pji->ai", vo, inner, optimize=True)
    return total


def _blocks(length: int, bytes_per_row: int, limit: int = 400_000_000) -> Iterator[slice]:
    step = max(1, limit // max(1, bytes_per_row))
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


class _Kernel:
    """The exchange-correlation kernel of an LDA or GGA, on the grid of the ground state."""

    def __init__(self, mean_field: Any, occupied: Array, virtual: Array, xp: Any) -> None:
        self._xp = xp
        numerical, molecule, grids = mean_field._numint, mean_field.mol, mean_field.grids
        kind = numerical._xc_type(mean_field.xc)
        if kind not in ("LDA", "GGA", "HF"):
            raise OpticsFailed(f"functional {mean_field.xc} is a {kind}; choose an LDA or GGA, hybrid or not")
        self._parts: list[tuple[Any, Any, Any]] = []
        if kind == "HF":
            return
        derivative = 0 if kind == "LDA" else 1
        n_components = 1 if kind == "LDA" else 4
        for orbitals, _, weights, _ in numerical.block_loop(molecule, grids, molecule.nao, derivative):
            orbitals = orbitals.reshape(n_components, len(weights), -1)
            occ = np.einsum("cgp,pi->cgi", orbitals, occupied, optimize=True)
            vir = np.einsum("cgp,pa->cga", orbitals, virtual, optimize=True)
            density = 2.0 * np.einsum("gi,cgi->cg", occ[0], occ, optimize=True)
            density[1:] *= 2.0
            f_xc = numerical.eval_xc_eff(mean_field.xc, density if kind == "GGA" else density[0], deriv=2, xctype=kind)[
                2
            ]
            f_xc = np.asarray(f_xc).reshape(n_components, n_components, -1) * weights
            compact = (xp.asarray(occ.astype(np.float32)), xp.asarray(vir.astype(np.float32)))
            self._parts.append((*compact, xp.asarray(f_xc)))

    def apply(self, u: Any) -> Any:
        """Return 4 times the kernel's product with amplitudes of shape (m, virtual, occupied)."""
        xp = self._xp
        total = xp.zeros_like(u)
        amplitudes = u.astype(np.float32)
        for occ, vir, f_xc in self._parts:
            for x, amplitude in enumerate(amplitudes):
                moved = vir @ amplitude
                change = xp.einsum("gi,cgi->cg", occ[0], moved, optimize=True).astype(np.float64)
                if len(occ) > 1:
                    change[1:] += xp.einsum("cgi,gi->cg", occ[1:], moved[0], optimize=True)
                potential = 4.0 * xp.einsum("cdg,dg->cg", f_xc, change, optimize=True).astype(np.float32)
                weighted = xp.einsum("cg,cgi->gi", potential, occ, optimize=True)
                total[x] += vir[0].T @ weighted
                for c in range(1, len(occ)):
                    total[x] += vir[c].T @ (potential[c][:, None] * occ[0])
        return total
