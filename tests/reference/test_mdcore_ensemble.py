"""The dynamics samples the isothermal-isobaric ensemble: a Lennard-Jones liquid against its equation of state and shifted states.

Equation of state: Kolafa and Nezbeda 1994 (doi:10.1016/0378-3812(94)80001-4), as the package teqp implements it. Ensemble checks:
Merz and Shirts 2018 (doi:10.1371/journal.pone.0202764), package physical-validation.
"""

import numpy as np
import pytest

from mdcore.dynamics import COLUMNS, DynamicsStage, SimulationBundle, run
from mdcore.estimate import enthalpy_kj_mol, isothermal_compressibility, mean_estimate, thermal_expansion
from mdcore.settings import ExecutionSettings

GAS_CONSTANT = 8.31446261815324e-3
SIGMA_NM, EPSILON_KJ_MOL, MASS_AMU, N = 0.34, 120.0 * GAS_CONSTANT, 39.948, 108
KJ_MOL_NM3_TO_ATM = 1.0 / 0.0610193412507
REDUCED_PRESSURE = 0.5
PRESSURE_ATM = REDUCED_PRESSURE * EPSILON_KJ_MOL / SIGMA_NM**3 * KJ_MOL_NM3_TO_ATM
TEMPERATURES_K = (120.0, 127.0)


class LennardJones:
    """Equation of state in reduced units."""

    def __init__(self) -> None:
        teqp = pytest.importorskip("teqp")
        self._model = teqp.make_model({"kind": "LJ126_KolafaNezbeda1994", "model": {}})

    def density(self, temperature: float, pressure: float) -> float:
        """Liquid density by bisection."""
        low, high = 0.6, 1.0
        while high - low > 1e-10:
            middle = 0.5 * (low + high)
            residual = self._model.get_Ar01(temperature, middle, np.array([1.0]))
            if middle * temperature * (1.0 + residual) < pressure:
                low = middle
            else:
                high = middle
        return low

    def compressibility(self, temperature: float, pressure: float) -> float:
        h = 1e-4
        ratio = self.density(temperature, pressure + h) / self.density(temperature, pressure - h)
        return float(np.log(ratio) / (2 * h))

    def expansion(self, temperature: float, pressure: float) -> float:
        h = 1e-4
        ratio = self.density(temperature + h, pressure) / self.density(temperature - h, pressure)
        return -float(np.log(ratio) / (2 * h))


def liquid(temperature_k: float) -> SimulationBundle:
    import openmm

    side = round(N ** (1 / 3) + 0.5)
    edge_nm = (N / 0.75) ** (1 / 3) * SIGMA_NM
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3)[:N] * (edge_nm / side)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(np.eye(3) * edge_nm))
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(2.5 * SIGMA_NM)
    force.setUseDispersionCorrection(True)
    for _ in range(N):
        system.addParticle(MASS_AMU)
        force.addParticle(0.0, SIGMA_NM, EPSILON_KJ_MOL)
    system.addForce(force)
    system.addForce(openmm.CMMotionRemover(10))

    def stage(name: str, duration_ps: float, role: str) -> DynamicsStage:
        return DynamicsStage(
            name=name,
            ensemble="npt",
            role=role,
            duration_ps=duration_ps,
            temperature_K=(temperature_k, temperature_k),
            pressure_atm=(PRESSURE_ATM, PRESSURE_ATM),
            timestep_fs=5.0,
            friction_per_ps=5.0,
            barostat_interval=5,
            record_interval_ps=0.1,
        )

    atoms = np.arange(N)
    arrays = {
        "atomic_numbers": np.full(N, 18),
        "masses_amu": np.full(N, MASS_AMU),
        "true_masses_amu": np.full(N, MASS_AMU),
        "bonds": np.zeros((0, 2), dtype=np.int64),
        "bond_orders": np.zeros(0, dtype=np.int64),
        "residue_index": atoms,
        "local_index": np.zeros(N, dtype=np.int64),
        "chain_index": atoms,
        "chain_ends": np.stack([atoms, atoms], axis=1),
        "chain_segments": np.zeros((0, 2), dtype=np.int64),
        "positions_nm": grid,
        "box_nm": np.eye(3) * edge_nm,
    }
    stages = (stage("settle", 10.0, "equilibration"), stage("sample", 150.0, "sampling"))
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, stages, 11, {}, {})


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    found = []
    for temperature in TEMPERATURES_K:
        folder = tmp_path_factory.mktemp("liquid")
        run(liquid(temperature), folder, ExecutionSettings(platform="CPU", threads=1))
        with np.load(folder / "series.npz") as stored:
            table = stored["table"]
        rows = table[table[:, 0] == 1]
        found.append({name: rows[:, i] for i, name in enumerate(COLUMNS)})
    return found


@pytest.mark.timeout(600)
def test_a_lennard_jones_liquid_has_the_density_compressibility_and_expansion_of_its_equation_of_state(series):
    equation = LennardJones()
    for temperature, found in zip(TEMPERATURES_K, series, strict=True):
        reduced = temperature * GAS_CONSTANT / EPSILON_KJ_MOL
        volume = found["volume_nm3"]
        density = mean_estimate(N * SIGMA_NM**3 / volume)
        # The equation itself reproduces simulations to 0.1 % in density and a few per cent in its derivatives.
        expected = equation.density(reduced, REDUCED_PRESSURE)
        assert abs(density.value - expected) < 4 * np.hypot(density.stderr, 1e-3 * expected)
        unit_per_gpa = SIGMA_NM**3 / EPSILON_KJ_MOL / 1.66053906717e-3
        kappa = isothermal_compressibility(volume, temperature)
        expected = equation.compressibility(reduced, REDUCED_PRESSURE) * unit_per_gpa
        assert kappa.stderr < 0.35 * kappa.value
        assert abs(kappa.value - expected) < 4 * np.hypot(kappa.stderr, 0.03 * expected)
        enthalpy = enthalpy_kj_mol(found["potential_kj_mol"], found["kinetic_kj_mol"], volume, PRESSURE_ATM)
        alpha = thermal_expansion(volume, enthalpy, temperature)
        expected = equation.expansion(reduced, REDUCED_PRESSURE) * GAS_CONSTANT / EPSILON_KJ_MOL
        assert alpha.stderr < 0.35 * alpha.value
        assert abs(alpha.value - expected) < 4 * np.hypot(alpha.stderr, 0.03 * expected)


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_energies_and_volumes_at_two_temperatures_are_those_of_one_ensemble(series, capsys):
    validation = pytest.importorskip("physical_validation")
    units = validation.data.UnitData(
        kb=GAS_CONSTANT,
        energy_str="kJ/mol",
        energy_conversion=1.0,
        length_str="nm",
        length_conversion=1.0,
        volume_str="nm^3",
        volume_conversion=1.0,
        temperature_str="K",
        temperature_conversion=1.0,
        pressure_str="atm",
        pressure_conversion=1.01325,
        time_str="ps",
        time_conversion=1.0,
    )
    system = validation.data.SystemData(
        natoms=N, nconstraints=0, ndof_reduction_tra=3, ndof_reduction_rot=0, mass=np.full(N, MASS_AMU)
    )
    data = [
        validation.data.SimulationData(
            units=units,
            dt=0.1,
            system=system,
            ensemble=validation.data.EnsembleData("NPT", natoms=N, pressure=PRESSURE_ATM, temperature=temperature),
            observables=validation.data.ObservableData(
                kinetic_energy=found["kinetic_kj_mol"],
                potential_energy=found["potential_kj_mol"],
                total_energy=found["kinetic_kj_mol"] + found["potential_kj_mol"],
                volume=found["volume_nm3"],
            ),
        )
        for temperature, found in zip(TEMPERATURES_K, series, strict=True)
    ]
    # Both numbers are distances in standard errors.
    for one in data:
        mean, width = validation.kinetic_energy.distribution(one, verbosity=0, bootstrap_seed=1)
        assert abs(mean) < 4
        assert abs(width) < 4
    quantiles = validation.ensemble.check(*data, verbosity=0, bootstrap_seed=1)
    assert np.all(np.abs(quantiles) < 4)
    # The check can fail: told the other temperature, the kinetic energies do not fit.
    data[0].ensemble, data[1].ensemble = data[1].ensemble, data[0].ensemble
    for one in data:
        assert abs(validation.kinetic_energy.distribution(one, verbosity=0, bootstrap_seed=1)[0]) > 4
