"""Boxes as matrices: the reduced form, lattice vectors, and the constants beside them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdcore.chem import constants
from mdcore.chem.box import (
    box_edges,
    box_matrix,
    cell_shift,
    check_reduced,
    is_rectangular,
    lattice_shift,
    mean_edge,
    reduced,
)

TRICLINIC = np.array([[2.0, 0.0, 0.0], [0.6, 1.8, 0.0], [-0.7, 0.5, 1.5]])
lengths = st.floats(0.5, 5.0)
tilts = st.floats(-20.0, 20.0)


def test_three_edges_of_older_files_become_a_matrix() -> None:
    np.testing.assert_array_equal(box_matrix([1.0, 2.0, 3.0]), np.diag([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(box_matrix(TRICLINIC), TRICLINIC)
    with pytest.raises(ValueError, match=r"needs the shape \(3, 3\), got \(2,\)"):
        box_matrix([1.0, 2.0])
    for wrong in (np.diag([1.0, -1.0, 1.0]), TRICLINIC.T, np.array([[1.0, 0, 0], [0.6, 1, 0], [0, 0, 1]])):
        with pytest.raises(ValueError, match="not in OpenMM's reduced form"):
            box_matrix(wrong)


@given(st.tuples(lengths, lengths, lengths), st.tuples(tilts, tilts, tilts))
def test_the_reduced_form_is_the_same_lattice(edges: tuple[float, ...], angles: tuple[float, ...]) -> None:
    box = np.diag(edges)
    box[1, 0], box[2, 0], box[2, 1] = angles
    found = reduced(box)
    check_reduced(found)
    assert np.linalg.det(found) == pytest.approx(np.linalg.det(box), rel=1e-9)
    multiples = box @ np.linalg.inv(found)
    np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-6)


def test_edges_and_the_cube_of_the_same_volume() -> None:
    assert is_rectangular(np.diag([1.0, 2.0, 3.0]))
    assert not is_rectangular(TRICLINIC)
    np.testing.assert_allclose(box_edges(TRICLINIC), [2.0, np.sqrt(0.36 + 3.24), np.sqrt(0.49 + 0.25 + 2.25)])
    assert mean_edge(TRICLINIC) == pytest.approx(5.4 ** (1 / 3))
    edge = 1.2345678901234567
    assert mean_edge(np.eye(3) * edge) == edge  # to the last digit


@pytest.mark.parametrize("box", [np.diag([2.0, 1.8, 1.5]), TRICLINIC], ids=["rectangular", "triclinic"])
def test_points_come_into_the_box_and_displacements_near_zero_by_lattice_vectors(box: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    inside = rng.random((200, 3)) @ box
    moved = inside + rng.integers(-3, 4, (200, 3)) @ box
    np.testing.assert_allclose(moved - cell_shift(moved, box), inside, atol=1e-12)
    short = rng.uniform(-0.35, 0.35, (200, 3))
    far = short + rng.integers(-3, 4, (200, 3)) @ box
    np.testing.assert_allclose(far - lattice_shift(far, box), short, atol=1e-12)
    np.testing.assert_allclose(lattice_shift(far[0], box), far[0] - short[0], atol=1e-12)


def test_constants_are_those_of_codata() -> None:
    from openmm import unit
    from scipy import constants as codata

    assert codata.k == constants.BOLTZMANN_J_K
    assert constants.AVOGADRO_PER_MOL == codata.N_A
    assert codata.atm == constants.PASCAL_PER_ATM
    assert codata.calorie == constants.KJ_PER_KCAL
    assert pytest.approx(codata.R / 1e3, rel=1e-15) == constants.BOLTZMANN_KJ_MOL_K
    gas_constant = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)
    assert pytest.approx(gas_constant, rel=1e-12) == constants.BOLTZMANN_KJ_MOL_K
    assert codata.h == constants.PLANCK_J_S
    assert codata.c == constants.LIGHT_SPEED_M_S
    # Releases of CODATA differ by less than 1e-9 in these two.
    assert pytest.approx(codata.physical_constants["Hartree energy"][0], rel=1e-9) == constants.HARTREE_J
    assert pytest.approx(codata.physical_constants["Bohr radius"][0] * 1e10, rel=1e-9) == constants.BOHR_ANGSTROM
    # CODATA of 2018; that of 2022 differs by 1.4e-9.
    assert pytest.approx(codata.physical_constants["atomic mass constant"][0] * 1e24, rel=2e-9) == (
        constants.DALTON_PER_NM3_TO_G_CM3
    )
    assert pytest.approx(constants.PASCAL_PER_ATM / 1e5) == constants.BAR_PER_ATM


def test_no_other_module_of_mdcore_defines_a_constant() -> None:
    root = Path(__file__).parents[4] / "mdcore"
    digits = (
        "8.31446",
        "1.66053",
        "1.38064",
        "6.02214",
        "1.01325",
        "101325",
        "4.184",
        "6.62607",
        "299792",
        "4.35974",
        "5.29177",
    )
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if any(number in path.read_text(encoding="utf-8") for number in digits)
    }
    assert found == {"chem/constants.py"}


def test_the_dynamics_imports_numpy_and_pydantic_alone_and_openmm_where_it_runs() -> None:
    """A GPU node has nothing else; OpenMM is slow to import and is not needed to read a bundle's settings."""
    code = (
        "import sys, pkgutil, importlib\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'rdkit', 'openff', 'scipy', 'torch', 'pandas', 'dask', 'h5py', 'matplotlib', 'yaml'}:\n"
        "            raise ImportError(name + ' is blocked')\n"
        "sys.meta_path.insert(0, Block())\n"
        "import mdcore.dynamics, mdcore.run\n"
        "for module in pkgutil.walk_packages(mdcore.dynamics.__path__, 'mdcore.dynamics.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(len([name for name in sys.modules if name.startswith('mdcore.dynamics')]), 'openmm' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, openmm_loaded = done.stdout.split()
    assert int(count) > 30
    assert openmm_loaded == "False"
