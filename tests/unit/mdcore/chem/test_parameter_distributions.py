import numpy as np
import pytest

from mdcore.chem import Measurement
from mdcore.chem.parameter_distributions import (
    GRID,
    PARAMETERS,
    ParameterGrid,
    parameter_columns,
    parameter_descriptors,
    parameter_row,
)


def test_a_kernel_mean_is_the_mean_of_gaussian_bumps_on_the_grid():
    grid = ParameterGrid(0.0, 9.0)
    # Distances in units of the spacing, which is 1.
    one = np.exp(-0.5 * (2.0 - np.arange(10)) ** 2)
    np.testing.assert_allclose(grid.kernel_mean(np.array([2.0])), one)
    far = np.exp(-0.5 * (9.0 - np.arange(10)) ** 2)
    np.testing.assert_allclose(grid.kernel_mean(np.array([2.0, 1e6])), (one + far) / 2.0)
    assert not grid.kernel_mean(np.array([])).any()


def test_descriptors_have_mean_deviation_and_distribution_of_each_parameter():
    values = {name: np.array([grid.low, grid.high]) for name, grid in PARAMETERS.items()} | {
        "angle_degree": np.array([])
    }
    found = parameter_descriptors(values)
    assert tuple(found) == parameter_columns()
    assert len(found) == len(PARAMETERS) * (2 + GRID)
    assert found["bond_length_angstrom_mean"] == pytest.approx((0.95 + 2.0) / 2)
    assert found["bond_length_angstrom_std"] == pytest.approx((2.0 - 0.95) / 2)
    assert found["bond_length_angstrom_at_0.95"] == pytest.approx(0.5)
    assert {name for name, value in found.items() if value == 0.0} >= {
        name for name in found if name.startswith("angle_degree")
    }


def test_a_row_holds_values_with_units_beside_the_descriptors():
    measured = (
        Measurement("density", 1.05, 0.01, "g/cm3", "md-quick", {}), Measurement("abbe_number", 31.0, 1.0, "1", "md-quick", {})
    )  # fmt: skip
    assert parameter_row(measured, {"charge_e_mean": 0.0}) == {
        "fidelity": "md-quick", "density (g/cm3)": 1.05, "density stderr (g/cm3)": 0.01, "abbe_number": 31.0,
        "abbe_number stderr": 1.0, "charge_e_mean": 0.0,
    }  # fmt: skip
