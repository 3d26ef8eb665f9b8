"""Transport of heat in the Lennard-Jones fluid against the literature.

State point rho* = 0.6, T* = 1.35, cutoff 2.5: kappa* = 3.39 (heat exchange), 3.41 (Langevin) and 3.45 (Mueller-Plathe) in the examples of
LAMMPS, 3.4 by Evans (1986).
"""

from pathlib import Path

import numpy as np
import pytest

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, W_M_K_PER_INTERNAL
from mdcore.chem.errors import NotDetermined
from mdcore.dynamics import DynamicsStage, FrameSettings, HeatExchangeStage, SimulationBundle, Stage, read_record, run
from mdcore.estimate import thermal_conductivity
from mdcore.properties.thermal_conductivity import decomposition, heat_flow
from mdcore.settings import ExecutionSettings

pytestmark = pytest.mark.seconds(70)

SIGMA_NM, EPSILON_KJ_MOL = 0.3405, 0.9979
MASS_AMU = EPSILON_KJ_MOL / SIGMA_NM**2
"""The unit of time, sigma sqrt(m / epsilon), is 1 ps for this mass, so that 5 fs are the usual step of 0.005."""
TEMPERATURE_K = 1.35 * EPSILON_KJ_MOL / BOLTZMANN_KJ_MOL_K
KAPPA_UNIT_W_M_K = BOLTZMANN_KJ_MOL_K / SIGMA_NM * W_M_K_PER_INTERNAL
"""k_B sqrt(epsilon / m) / sigma^2, with sqrt(epsilon / m) = sigma / ps."""
LITERATURE, SPREAD = 3.42, 0.03


def fluid(stages: tuple[Stage, ...]) -> SimulationBundle:
    """Return 1,024 atoms on a lattice in a box of twice its width."""
    import openmm

    shape = np.array([16, 8, 8])
    n = int(shape.prod())
    edge = (n / 0.6 / 2.0) ** (1.0 / 3.0) * SIGMA_NM
    box = np.diag([2.0 * edge, edge, edge])
    system, pairs = openmm.System(), openmm.NonbondedForce()
    system.setDefaultPeriodicBoxVectors(*box)
    pairs.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    pairs.setCutoffDistance(2.5 * SIGMA_NM)
    pairs.setUseSwitchingFunction(True)
    pairs.setSwitchingDistance(2.3 * SIGMA_NM)
    pairs.setUseDispersionCorrection(False)
    for _ in range(n):
        system.addParticle(MASS_AMU)
        pairs.addParticle(0.0, SIGMA_NM, EPSILON_KJ_MOL)
    system.addForce(pairs)
    grid = np.stack(np.meshgrid(*(np.arange(k) for k in shape), indexing="ij"), axis=-1).reshape(-1, 3)
    atoms, none = np.arange(n), np.empty((0, 2), dtype=np.int64)
    arrays = {
        "atomic_numbers": np.full(n, 18), "masses_amu": np.full(n, MASS_AMU), "true_masses_amu": np.full(n, MASS_AMU),
        "bonds": none, "bond_orders": np.empty(0, dtype=np.int64), "residue_index": atoms,
        "local_index": np.zeros(n, dtype=np.int64), "chain_index": atoms, "chain_ends": np.stack([atoms, atoms], axis=1),
        "chain_segments": none, "positions_nm": (grid + 0.5) / shape @ box, "box_nm": box,
    }  # fmt: skip
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, stages, 11, {}, {})


@pytest.mark.slow
def test_the_conductivity_of_the_lennard_jones_fluid_is_that_of_the_literature(tmp_path: Path) -> None:
    observables = ("temperature_K", "potential_kj_mol", "kinetic_kj_mol", "volume_nm3")
    melt = DynamicsStage(
        name="melt", ensemble="nvt", duration_ps=15.0, temperature_K=(TEMPERATURE_K, TEMPERATURE_K), timestep_fs=5.0,
        friction_per_ps=2.0, observables=observables, record_interval_ps=1.0,
    )  # fmt: skip
    flow = HeatExchangeStage(
        duration_ps=250.0, temperature_K=TEMPERATURE_K, timestep_fs=5.0, n_slabs=20, exchange_interval_ps=0.05,
        record_interval_ps=0.1, gradient_K_nm=20.0, largest_deviation=0.2, conductivity_guess_W_m_K=0.1,
        observables=(*observables, "exchanged_heat_kj_mol", "slab_kinetic_kj_mol", "slab_degrees_of_freedom"),
        frames=FrameSettings(interval_ps=1.0),
    )  # fmt: skip
    bundle = fluid((melt, flow))
    run(bundle, tmp_path, ExecutionSettings(platform="CPU", threads=1, own_core=False))
    record = read_record(tmp_path, bundle)
    records = heat_flow(record)
    found = thermal_conductivity(records)
    value, stderr = found.value / KAPPA_UNIT_W_M_K, found.stderr / KAPPA_UNIT_W_M_K
    assert stderr < 0.15
    assert abs(value - LITERATURE) < 2.5 * stderr + SPREAD
    assert abs(found.about["drift_of_power"]) < 0.01
    assert min(found.about["r2"]) > 0.95
    # The guess of the power was 1.4 times too small; it was corrected.
    power = np.diff(records.exchanged_kj_mol) / np.diff(records.times_ps)
    assert 1.1 < power[-1] / power[0] < 1.9
    shares = decomposition(record, found.about)["decomposition"]
    assert shares["n_frames"] == pytest.approx(records.times_ps[-1] - found.about["discarded_ps"], abs=2)
    assert shares["sum"]["stderr"] < 0.1
    assert abs(shares["residual"]["value"]) < 2.5 * shares["residual"]["stderr"]
    components = shares["components"]
    assert components["van_der_waals"]["between"]["value"] > 0.5 > components["kinetic_convection"]["value"] > 0.1
    with pytest.raises(NotDetermined, match="lower frame_interval_ps"):
        decomposition(record, {**found.about, "discarded_ps": 1e6})
