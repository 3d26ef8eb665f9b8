"""Supercells: a simulated cell repeated along its box vectors, its System included."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import reduced
from mdcore.chem.errors import BundleError
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.openmm_xml import read_xml

FloatArray = NDArray[np.float64]


def supercell(
    bundle: SimulationBundle, positions_nm: FloatArray, box_nm: FloatArray, repeats: tuple[int, int, int]
) -> SimulationBundle:
    """Repeat a cell along its box vectors.

    Copy m of an atom has the index of the atom plus m times the number of atoms; chains of all copies are whole and numbered on. The
    energy of a supercell is that of the cell times the number of copies, to the accuracy of the Ewald sum.

    Args:
        bundle: The cell.
        positions_nm: Shape (n, 3), chains whole.
        box_nm: Shape (3, 3).
        repeats: Copies along each box vector, at least 1.

    Returns:
        A bundle with the same stages and seed, and the given positions.

    Raises:
        ValueError: A number of copies is below 1.
        BundleError: The System has virtual sites or parameter offsets, which cannot be repeated.
    """
    import openmm

    if min(repeats) < 1:
        raise ValueError(f"a cell cannot be repeated {repeats} times; give at least 1 for each box vector")
    box = np.asarray(box_nm, dtype=np.float64)
    shifts = np.array([np.array(m) @ box for m in np.ndindex(*repeats)])
    copies, n = len(shifts), bundle.n_atoms
    large_box = reduced(box * np.array(repeats, dtype=np.float64)[:, None])
    system = _repeated(read_xml(bundle.system_xml, "System"), copies)
    system.setDefaultPeriodicBoxVectors(*large_box.tolist())
    arrays = bundle.arrays

    def tiled(name: str) -> NDArray[Any]:
        return np.tile(arrays[name], copies)

    def numbered(name: str, size: int) -> NDArray[Any]:
        """Return indices, each copy after those of the one before."""
        one = np.asarray(arrays[name])
        shape = (copies, *(1 for _ in one.shape))
        return np.asarray(
            (one[None] + (np.arange(copies) * size).reshape(shape)).reshape(-1, *one.shape[1:]), one.dtype
        )

    residues, chains = int(arrays["residue_index"].max()) + 1, bundle.n_chains
    repeated = {
        **{
            name: tiled(name)
            for name in ("atomic_numbers", "masses_amu", "true_masses_amu", "local_index", "bond_orders")
        },
        **{name: numbered(name, n) for name in ("bonds", "chain_ends", "chain_segments")},
        "residue_index": numbered("residue_index", residues),
        "chain_index": numbered("chain_index", chains),
        "positions_nm": (np.asarray(positions_nm)[None] + shifts[:, None]).reshape(-1, 3),
        "box_nm": large_box,
    }
    counts: Mapping[str, int] = {"n_chains": chains * copies, "n_atoms": n * copies}
    return replace(
        bundle,
        system_xml=openmm.XmlSerializer.serialize(system),
        arrays=repeated,
        content={**bundle.content, **counts, "repeats": list(repeats)},
    )


def _repeated(system: Any, copies: int) -> Any:
    """Return a System of several copies of all particles, constraints and forces.

    Raises:
        BundleError: It has virtual sites.
    """
    import openmm

    n = system.getNumParticles()
    large = openmm.System()
    if any(system.isVirtualSite(i) for i in range(n)):
        raise BundleError("a System with virtual sites cannot be repeated; choose a force field without them")
    for _ in range(copies):
        for i in range(n):
            large.addParticle(system.getParticleMass(i))
    for copy in range(copies):
        for i in range(system.getNumConstraints()):
            a, b, length = system.getConstraintParameters(i)
            large.addConstraint(a + copy * n, b + copy * n, length)
    for force in system.getForces():
        own = COPIERS[type(force).__name__](force, n, copies)
        own.setForceGroup(force.getForceGroup())
        own.setName(force.getName())
        large.addForce(own)
    return large


def _terms(terms: str, n_atoms: int) -> Callable[[Any, int, int], Any]:
    """Return a function that repeats a bonded force.

    Args:
        terms: Name of its terms in the singular, as in `addBond`.
        n_atoms: Atoms of a term, which come first among its parameters.
    """

    def repeat(force: Any, n: int, copies: int) -> Any:
        own = type(force)()
        own.setUsesPeriodicBoundaryConditions(force.usesPeriodicBoundaryConditions())
        plural = f"getNum{terms}s"
        for copy in range(copies):
            for i in range(getattr(force, plural)()):
                values = getattr(force, f"get{terms}Parameters")(i)
                atoms = [atom + copy * n for atom in values[:n_atoms]]
                getattr(own, f"add{terms}")(*atoms, *values[n_atoms:])
        return own

    return repeat


def _nonbonded(force: Any, n: int, copies: int) -> Any:
    own = deepcopy(force)
    if force.getNumParticleParameterOffsets() or force.getNumExceptionParameterOffsets():
        raise BundleError("a NonbondedForce with parameter offsets cannot be repeated; remove the offsets")
    for copy in range(1, copies):
        for i in range(n):
            own.addParticle(*force.getParticleParameters(i))
        for i in range(force.getNumExceptions()):
            a, b, *values = force.getExceptionParameters(i)
            own.addException(a + copy * n, b + copy * n, *values)
    return own


def _drift(force: Any, n: int, copies: int) -> Any:
    import openmm

    return openmm.CMMotionRemover(force.getFrequency())


COPIERS: dict[str, Callable[[Any, int, int], Any]] = {
    "HarmonicBondForce": _terms("Bond", 2),
    "HarmonicAngleForce": _terms("Angle", 3),
    "PeriodicTorsionForce": _terms("Torsion", 4),
    "NonbondedForce": _nonbonded,
    "CMMotionRemover": _drift,
}
"""Functions that repeat the forces of bundles, by the names of `mdcore.dynamics.openmm_xml.FORCES`."""
