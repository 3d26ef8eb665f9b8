"""Energies by term and forces of both programs."""

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lammps_parts.program import Lammps
from mdcore.chem.constants import KJ_PER_KCAL
from mdcore.measure.export.lammps import LammpsData, interactions
from mdcore.measure.export.terms import force_of, rows

TERMS = ("bond", "angle", "torsion", "lennard_jones", "coulomb")
TIGHT_OPENMM, TIGHT_LAMMPS = 1e-6, 1e-7
PRODUCTION_LAMMPS = 1e-4
"""Accuracy of pppm suggested in the LAMMPS manual; the output includes the resulting force errors of both programs."""


def header(data: LammpsData, accuracy: float) -> str:
    """Return the part of an input script that defines the interactions, without correction for the dispersion."""
    return interactions(data, accuracy, tail=False)


def lammps_terms(
    lammps: Lammps, folder: Path, written: LammpsData, accuracy: float = TIGHT_LAMMPS
) -> tuple[dict[str, float], Any]:
    """Return LAMMPS's energies by term in kJ/mol and its forces in kJ/mol/nm, shape (n, 3)."""
    script = (
        header(written, accuracy)
        + """variable bond equal ebond
variable angle equal eangle
variable torsion equal edihed
variable lennard_jones equal evdwl
variable coulomb equal ecoul+elong
thermo_style custom step ebond eangle edihed evdwl ecoul elong
dump forces all custom 1 forces.txt id fx fy fz
dump_modify forces sort id format float %.12g
run 0
print "terms $(v_bond:%.12g) $(v_angle:%.12g) $(v_torsion:%.12g) $(v_lennard_jones:%.12g) $(v_coulomb:%.12g)"
"""
    )
    log = lammps.run(folder, script)
    (values,) = re.findall(r"^terms (.+)$", log, re.MULTILINE)
    forces = np.loadtxt(folder / "forces.txt", skiprows=9)[:, 1:] * KJ_PER_KCAL * 10.0
    return dict(zip(TERMS, (float(v) * KJ_PER_KCAL for v in values.split()), strict=True)), forces


def comparable(system: Any, ewald_tolerance: float | None = TIGHT_OPENMM) -> Any:
    """Return a copy of a System with a plain Lennard-Jones cutoff and optionally another Ewald tolerance."""
    own = copy.deepcopy(system)
    nonbonded = force_of(own, "NonbondedForce")
    nonbonded.setUseSwitchingFunction(False)
    nonbonded.setUseDispersionCorrection(False)
    if ewald_tolerance is not None:
        nonbonded.setEwaldErrorTolerance(ewald_tolerance)
    return own


def openmm_terms(
    system: Any, positions_nm: Any, box_nm: Any, ewald_tolerance: float | None = TIGHT_OPENMM
) -> tuple[dict[str, float], Any]:
    """Return OpenMM's energies by term in kJ/mol and its forces in kJ/mol/nm, in double precision."""
    whole = comparable(system, ewald_tolerance)
    names = {"HarmonicBondForce": "bond", "HarmonicAngleForce": "angle", "PeriodicTorsionForce": "torsion"}
    groups = {}
    for group, force in enumerate(whole.getForces()):
        force.setForceGroup(group)
        if type(force).__name__ in names:
            groups[names[type(force).__name__]] = group
    state = _state(whole, positions_nm, box_nm)
    energies = {name: state(group).getPotentialEnergy()._value for name, group in groups.items()}
    group = force_of(whole, "NonbondedForce").getForceGroup()
    energies["coulomb"] = state(group).getPotentialEnergy()._value
    forces = np.array(state().getForces(asNumpy=True)._value)
    uncharged = copy.deepcopy(whole)
    nonbonded = force_of(uncharged, "NonbondedForce")
    for i, (_, sigma, epsilon) in enumerate(rows(nonbonded, "Particle")):
        nonbonded.setParticleParameters(i, 0.0, sigma, epsilon)
    for i, (a, b, _, sigma, epsilon) in enumerate(rows(nonbonded, "Exception")):
        nonbonded.setExceptionParameters(i, a, b, 0.0, sigma, epsilon)
    energies["lennard_jones"] = _state(uncharged, positions_nm, box_nm)(group).getPotentialEnergy()._value
    energies["coulomb"] -= energies["lennard_jones"]
    return {name: energies[name] for name in TERMS}, forces


def _state(system: Any, positions_nm: Any, box_nm: Any) -> Any:
    import openmm

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPeriodicBoxVectors(*box_nm)
    context.setPositions(positions_nm)

    def of(group: int | None = None) -> Any:
        groups = -1 if group is None else 1 << group
        return context.getState(getEnergy=True, getForces=True, groups=groups)

    return of


def relative_differences(found: dict[str, float], expected: dict[str, float]) -> dict[str, float]:
    """Return the relative difference of each term."""
    return {name: abs(found[name] - expected[name]) / abs(expected[name]) for name in TERMS}


def relative_rms(found: Any, expected: Any) -> float:
    """Return the root-mean-square difference of two sets of forces over the root mean square of the second."""
    return float(np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean()))
