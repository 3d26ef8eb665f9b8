"""Frequency-dependent polarizability of one molecule by density-functional linear response."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import BOHR_ANGSTROM, HARTREE_J, LIGHT_SPEED_M_S, PLANCK_J_S
from mdcore.optics.device import Device, array_module, choose_device
from mdcore.optics.errors import OpticsFailed
from mdcore.optics.geometry import Geometry
from mdcore.optics.level import Level, require_pyscf
from mdcore.optics.response import solve_response
from mdcore.optics.values import LINES_NM


def omega_hartree(wavelength_nm: float) -> float:
    """Return the photon energy in hartree of a vacuum wavelength."""
    return float(PLANCK_J_S * LIGHT_SPEED_M_S / (wavelength_nm * 1e-9) / HARTREE_J)


# Static, then C, D, F, g.
LINE_OMEGAS = (0.0, *(omega_hartree(nm) for nm in LINES_NM.values()))


def polarizability(
    molecule: Geometry, level: Level, omegas: Sequence[float] = LINE_OMEGAS, *, device: str = "auto"
) -> NDArray[np.float64]:
    """Compute polarizability tensors.

    Args:
        molecule: Closed-shell, neutral molecule.
        level: Functional, basis and numerical settings.
        omegas: Frequencies in hartree; by default static and the lines C, D, F, g.
        device: See `mdcore.optics.device.choose_device`.

    Returns:
        Tensors in cubic angstrom, shape (len(omegas), 3, 3).

    Raises:
        OpticsUnavailable: PySCF is not installed, or the requested device cannot be used.
        OpticsFailed: The ground state or the response did not converge.
    """
    require_pyscf()
    from mdcore.optics.kohn_sham import KohnShamHessian

    chosen = choose_device(device)
    mean_field = ground_state(molecule, level, chosen)
    hessian = KohnShamHessian(mean_field, array_module(chosen))
    tensors = solve_response(
        hessian.products,
        hessian.gaps,
        hessian.dipole_moments(mean_field.mol),
        omegas,
        tolerance=level.response_tolerance,
    )
    return np.asarray(tensors * BOHR_ANGSTROM**3, dtype=np.float64)


def ground_state(molecule: Geometry, level: Level, device: Device = "cpu") -> Any:
    """Converge the density-fitted Kohn-Sham ground state.

    Args:
        molecule: Closed-shell, neutral molecule.
        level: Functional, basis and numerical settings.
        device: Device of the iterations; the result is on the CPU.

    Raises:
        OpticsFailed: It did not converge, even with second-order steps.
    """
    from pyscf import dft, gto

    mol = gto.M(
        atom=list(zip(molecule.symbols, molecule.positions_angstrom.tolist(), strict=True)),
        basis=level.basis,
        unit="Angstrom",
        verbose=0,
    )
    plain = dft.RKS(mol, xc=level.functional)
    # The checkpoint is not used; closing its file here avoids a warning of the garbage collector.
    if plain.chkfile is not None:
        plain.chkfile = None
        plain._chkfile.close()
    mean_field = plain.density_fit()
    mean_field.grids.level = level.grid
    mean_field.conv_tol = 1e-7
    if device == "cuda":
        on_gpu = mean_field.to_gpu()
        on_gpu.kernel()
        mean_field = on_gpu.to_cpu()
    else:
        mean_field.kernel()
    if not mean_field.converged:
        orbitals, occupations = mean_field.mo_coeff, mean_field.mo_occ
        mean_field = mean_field.newton()
        mean_field.kernel(orbitals, occupations)
        if not mean_field.converged:
            raise OpticsFailed(f"the {level.name} ground state of {len(molecule.symbols)} atoms did not converge")
        mean_field = mean_field.undo_newton()
    return mean_field


def isotropic(tensors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average tensors of shape (..., 3, 3) over orientations."""
    return np.asarray(np.trace(tensors, axis1=-2, axis2=-1) / 3.0, dtype=np.float64)
