"""The dynamics against closed forms: ideal gas at constant pressure, equipartition, harmonic bonds."""

import numpy as np
import pytest

from mdcore.dynamics import DynamicsStage, SimulationBundle, read_record, run
from mdcore.estimate import isothermal_compressibility, mean_estimate
from mdcore.settings import ExecutionSettings

BOLTZMANN_J_K = 1.380649e-23
KT_KJ_MOL_300 = 8.31446261815324e-3 * 300.0


def bundle_of(system, masses, chains, positions, edge_nm: float, stage: DynamicsStage) -> SimulationBundle:
    import openmm

    n = len(masses)
    n_chains = int(chains[-1]) + 1
    first = np.searchsorted(chains, np.arange(n_chains))
    last = np.append(first[1:], n) - 1
    system.setDefaultPeriodicBoxVectors(*(np.eye(3) * edge_nm))
    arrays = {
        "atomic_numbers": np.full(n, 18),
        "masses_amu": masses,
        "true_masses_amu": masses,
        "bonds": np.zeros((0, 2), dtype=np.int64),
        "bond_orders": np.zeros(0, dtype=np.int64),
        "residue_index": chains,
        "local_index": np.zeros(n, dtype=np.int64),
        "chain_index": chains,
        "chain_ends": np.stack([first, last], axis=1),
        "chain_segments": np.zeros((0, 2), dtype=np.int64),
        "positions_nm": positions,
        "box_nm": np.eye(3) * edge_nm,
    }
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, (stage,), 7, {}, {})


def series_of(bundle: SimulationBundle, folder) -> dict[str, np.ndarray]:
    run(bundle, folder, ExecutionSettings(platform="Reference"))
    records = read_record(folder, bundle).stage(0)
    # The first tenth forgets the start.
    return {name: records.array(name)[len(records) // 10 :] for name in records.observables}


def test_an_ideal_gas_has_its_volume_compressibility_and_kinetic_energy(tmp_path):
    import openmm

    n, pressure_atm = 40, 100.0
    system = openmm.System()
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.3)
    for _ in range(n):
        system.addParticle(40.0)
        force.addParticle(0.0, 0.3, 0.0)
    system.addForce(force)
    kt_over_p_nm3 = BOLTZMANN_J_K * 300.0 / (pressure_atm * 101325.0) * 1e27
    edge_nm = float((n * kt_over_p_nm3) ** (1 / 3))
    positions = np.random.default_rng(1).random((n, 3)) * edge_nm
    stage = DynamicsStage(
        name="gas",
        ensemble="npt",
        duration_ps=80.0,
        temperature_K=(300.0, 300.0),
        pressure_atm=(pressure_atm, pressure_atm),
        timestep_fs=4.0,
        friction_per_ps=5.0,
        barostat_interval=2,
        record_interval_ps=0.04,
    )
    found = series_of(bundle_of(system, np.full(n, 40.0), np.arange(n), positions, edge_nm, stage), tmp_path)
    # The isobaric partition function of n free particles gives a gamma distribution of shape n + 1.
    volume = mean_estimate(found["volume_nm3"])
    assert abs(volume.value - (n + 1) * kt_over_p_nm3) < 4 * volume.stderr
    assert volume.stderr < 0.08 * volume.value
    kappa = isothermal_compressibility(found["volume_nm3"], 300.0)
    assert abs(kappa.value - 1e9 / (pressure_atm * 101325.0)) < 4 * kappa.stderr
    kinetic = mean_estimate(found["kinetic_kj_mol"])
    assert abs(kinetic.value - 1.5 * n * KT_KJ_MOL_300) < 4 * kinetic.stderr
    assert kinetic.stderr < 0.02 * kinetic.value
    # Maxwell-Boltzmann: the variance of the kinetic energy is 3/2 n (kT)^2.
    assert found["kinetic_kj_mol"].var() == pytest.approx(1.5 * n * KT_KJ_MOL_300**2, rel=0.25)
    mass_g = n * 40.0 / 6.02214076e23
    assert found["density_g_cm3"] == pytest.approx(mass_g / (found["volume_nm3"] * 1e-21), rel=1e-6)


def test_harmonic_dumbbells_share_energy_equally(tmp_path):
    import openmm

    n, k, length = 30, 1e5, 0.15
    system = openmm.System()
    force = openmm.HarmonicBondForce()
    force.setUsesPeriodicBoundaryConditions(True)
    for pair in range(n):
        system.addParticle(12.0)
        system.addParticle(12.0)
        force.addBond(2 * pair, 2 * pair + 1, length, k)
    system.addForce(force)
    rng = np.random.default_rng(2)
    centres = rng.random((n, 1, 3)) * 4.0
    positions = (centres + np.array([[[0, 0, 0], [0, 0, length]]])).reshape(-1, 3)
    stage = DynamicsStage(
        name="dumbbells",
        ensemble="nvt",
        duration_ps=80.0,
        temperature_K=(300.0, 300.0),
        timestep_fs=1.0,
        friction_per_ps=20.0,
        record_interval_ps=0.1,
    )
    bundle = bundle_of(system, np.full(2 * n, 12.0), np.repeat(np.arange(n), 2), positions, 4.0, stage)
    found = series_of(bundle, tmp_path)
    potential = mean_estimate(found["potential_kj_mol"])
    # One quadratic degree of freedom a bond; the Jacobian r^2 adds kT/(k r^2), 0.1 %, which is far below the error.
    assert abs(potential.value - 0.5 * n * KT_KJ_MOL_300) < 4 * potential.stderr
    assert potential.stderr < 0.05 * potential.value
    stretch = found["end_to_end_distance_nm"] - length
    assert (stretch**2).mean() == pytest.approx(KT_KJ_MOL_300 / k, rel=0.08)
