"""Cells that need no chemistry: flexible dumbbells in a periodic box."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mdcore.dynamics import SimulationBundle, Stage

MASS_AMU, LENGTH_NM, CHARGE_E = 20.0, 0.15, 0.2


def dumbbells(stages: Sequence[Stage], *, n: int = 12, box_nm: Any = None, seed: int = 7) -> SimulationBundle:
    """Return a bundle of n dumbbells that repel each other, every one a chain of two atoms."""
    import openmm

    box = np.eye(3) * 2.0 if box_nm is None else np.asarray(box_nm, dtype=np.float64)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    bonds, pairs = openmm.HarmonicBondForce(), openmm.NonbondedForce()
    pairs.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    pairs.setCutoffDistance(0.5)
    for i in range(n):
        for charge in (CHARGE_E, -CHARGE_E):
            system.addParticle(MASS_AMU)
            pairs.addParticle(charge, 0.25, 0.5)
        bonds.addBond(2 * i, 2 * i + 1, LENGTH_NM, 2e4)
        pairs.addException(2 * i, 2 * i + 1, 0.0, 0.25, 0.0)
    for force in (bonds, pairs, openmm.CMMotionRemover(100)):
        system.addForce(force)
    side = int(np.ceil(n ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(side) / side] * 3), axis=-1).reshape(-1, 3)[:n] @ box
    positions = (grid[:, None, :] + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, LENGTH_NM]])).reshape(-1, 3)
    atoms, chains = np.arange(2 * n), np.repeat(np.arange(n), 2)
    arrays = {
        "atomic_numbers": np.full(2 * n, 10),
        "masses_amu": np.full(2 * n, MASS_AMU),
        "true_masses_amu": np.full(2 * n, MASS_AMU),
        "bonds": atoms.reshape(-1, 2),
        "bond_orders": np.ones(n, dtype=np.int64),
        "residue_index": chains,
        "local_index": np.tile(np.arange(2), n),
        "chain_index": chains,
        "chain_ends": atoms.reshape(-1, 2),
        "chain_segments": atoms.reshape(-1, 2),
        "positions_nm": positions,
        "box_nm": box,
    }
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, tuple(stages), seed, {}, {})
