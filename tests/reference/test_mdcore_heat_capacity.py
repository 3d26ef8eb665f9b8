"""A crystal of constrained dimers on springs: every number of the heat capacity has a closed form.

Two equal atoms, held at a distance by a constraint, each on a spring to a fixed site of its own: all five vibrations of a dimer have
the angular frequency sqrt(k/m), with the masses of the stage.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mdcore.chem.constants import LIGHT_SPEED_M_S
from mdcore.chem.errors import SimulationExploded
from mdcore.dynamics import DynamicsStage, FrameSettings, NVEStage, RunRecord, SimulationBundle, Stage, read_record, run
from mdcore.dynamics.clusters import Clusters
from mdcore.dynamics.mean_cell import at_mean_volume
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.estimate import PressureRun, heat_capacity_parts, quantum_weight
from mdcore.properties.heat_capacity_cp import spectra
from mdcore.settings import ExecutionSettings

REFERENCE = ExecutionSettings(platform="Reference", own_core=False)
TRUE, HEAVY, LENGTH_NM, N = 4.0, 12.0, 0.3, 60
WAVENUMBER = 600.0
"""Of the vibrations with true masses in 1/cm; with the masses of the bundle it is 346/cm."""
T = 300.0


def crystal(stages: tuple[Stage, ...]) -> SimulationBundle:
    """Return dimers with two sites each, which have no mass and do not move."""
    import openmm

    spring = TRUE * (2.0 * np.pi * 100.0 * LIGHT_SPEED_M_S * 1e-12 * WAVENUMBER) ** 2
    box = np.eye(3) * 3.0
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    bonds = openmm.HarmonicBondForce()
    side = 4
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3)[:N] * 0.7 + 0.3
    positions, true = [], []
    for dimer, centre in enumerate(grid):
        for mass in (TRUE, TRUE, 0.0, 0.0):
            system.addParticle(HEAVY if mass else 0.0)
            true.append(mass)
        ends = [centre, centre + np.array([0.0, 0.0, LENGTH_NM])]
        positions += ends + ends
        first = 4 * dimer
        system.addConstraint(first, first + 1, LENGTH_NM)
        bonds.addBond(first, first + 2, 0.0, spring)
        bonds.addBond(first + 1, first + 3, 0.0, spring)
    system.addForce(bonds)
    atoms, chains = np.arange(4 * N), np.repeat(np.arange(N), 4)
    arrays = {
        "atomic_numbers": np.full(4 * N, 2),
        "masses_amu": np.array([HEAVY if mass else 0.0 for mass in true]),
        "true_masses_amu": np.array(true),
        "bonds": np.stack([atoms[0::4], atoms[1::4]], axis=1),
        "bond_orders": np.ones(N, dtype=np.int64),
        "residue_index": chains,
        "local_index": np.tile(np.arange(4), N),
        "chain_index": chains,
        "chain_ends": np.stack([atoms[0::4], atoms[1::4]], axis=1),
        "chain_segments": np.stack([atoms[0::4], atoms[1::4]], axis=1),
        "positions_nm": np.array(positions),
        "box_nm": box,
    }
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, stages, 11, {}, {})


def thermostat(name: str, role: str, temperature: float, duration_ps: float, *, true_masses: bool) -> DynamicsStage:
    return DynamicsStage(
        name=name, role=role, ensemble="nvt", duration_ps=duration_ps, temperature_K=(temperature, temperature),
        timestep_fs=1.0, friction_per_ps=10.0, record_interval_ps=0.02, true_masses=true_masses,
        observables=("temperature_K", "potential_kj_mol", "kinetic_kj_mol", "volume_nm3"),
    )  # fmt: skip


def vibrations(name: str, duration_ps: float = 1.0, **more: object) -> NVEStage:
    frames = FrameSettings(interval_ps=0.004, positions=False)
    given = {
        "name": name, "duration_ps": duration_ps, "temperature_K": T, "timestep_fs": 1.0, "record_interval_ps": 0.05,
        "true_masses": True, "frames": frames, "observables": ("temperature_K", "potential_kj_mol", "kinetic_kj_mol"),
    }  # fmt: skip
    return NVEStage.model_validate({**given, **more})


def dimers() -> SimulationBundle:
    """Return the dimers of the crystal as an ideal gas at constant pressure."""
    import openmm

    sample = DynamicsStage(
        name="sample", role="sampling", ensemble="npt", duration_ps=0.2, temperature_K=(T, T), pressure_atm=(500.0, 500.0),
        timestep_fs=1.0, record_interval_ps=0.02, barostat_interval=5, check_convergence=False,
    )  # fmt: skip
    full = crystal((sample,))
    atoms = np.flatnonzero(full.arrays["true_masses_amu"])
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*np.eye(3) * 3.0)
    nothing = openmm.NonbondedForce()
    nothing.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    nothing.setCutoffDistance(0.5)
    system.addForce(nothing)
    for _ in atoms:
        system.addParticle(HEAVY)
        nothing.addParticle(0.0, 1.0, 0.0)
    for first in range(0, 2 * N, 2):
        system.addConstraint(first, first + 1, LENGTH_NM)
    pairs = np.arange(2 * N).reshape(-1, 2)
    arrays = {name: values[atoms] for name, values in full.arrays.items() if len(values) == 4 * N}
    arrays |= {"bonds": pairs, "bond_orders": np.ones(N, dtype=np.int64), "box_nm": np.eye(3) * 3.0}
    arrays |= {"chain_ends": pairs, "chain_segments": pairs}
    return SimulationBundle(openmm.XmlSerializer.serialize(system), arrays, (sample,), 11, {}, {})


def slope_error(visits: list[PressureRun]) -> float:
    """Return the error of dH/dT in k, without the kinetic energy as a control variate."""
    from mdcore.dynamics import mean_and_stderr

    errors = [mean_and_stderr(one.potential_kj_mol + one.kinetic_kj_mol)[1] for one in visits]
    return float(np.hypot(np.hypot(*errors[:2]) / 2.0, errors[2]) / (30.0 * 8.31446261815324e-3))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("crystal")
    bundle = crystal(
        (
            thermostat("heavy", "equilibration", T, 1.0, true_masses=False),
            thermostat("light", "light", T, 0.3, true_masses=True),
            vibrations("first"),
            thermostat("again", "equilibration", T, 0.3, true_masses=True),
            vibrations("second"),
            thermostat("cold 1", "cold", 285.0, 4.0, true_masses=False),
            thermostat("hot", "hot", 315.0, 8.0, true_masses=False),
            thermostat("cold 2", "cold", 285.0, 4.0, true_masses=False),
        )
    )
    run(bundle, folder, REFERENCE)
    return read_record(folder, bundle)


def test_fixed_sites_and_constraints_are_not_degrees_of_freedom(record: RunRecord) -> None:
    assert record.degrees_of_freedom == 5 * N
    found = 2.0 * record.all().array("kinetic_kj_mol") / record.all().array("temperature_K") / 8.31446261815324e-3
    np.testing.assert_allclose(found, 5 * N)


def test_the_spectrum_is_that_of_the_true_masses_and_its_heat_capacity_einsteins(record: RunRecord) -> None:
    found = spectra(record)
    assert len(found) == 2
    # A leapfrog step dt raises the frequency: sin(omega' dt / 2) = omega dt / 2.
    omega_dt = 2.0 * np.pi * 100.0 * LIGHT_SPEED_M_S * 1e-15 * WAVENUMBER
    expected = WAVENUMBER * 2.0 * np.arcsin(0.5 * omega_dt) / omega_dt
    for one in found:
        assert one.degrees_of_freedom == pytest.approx(5 * N)
        centre = float(one.counts @ one.wavenumbers_per_cm) / (5 * N)
        assert centre == pytest.approx(expected, rel=2e-3)
        # The librations are harmonic but for 2 kT / (k d^2), 2e-3; a resolution of 33/cm adds about as much.
        assert one.quantum_capacity(T) / (5 * N) == pytest.approx(float(quantum_weight(expected, T)), rel=5e-3)
    with_heavy_masses = float(quantum_weight(WAVENUMBER / np.sqrt(HEAVY / TRUE), T))
    assert with_heavy_masses > 1.5 * quantum_weight(WAVENUMBER, T)


def test_the_classical_part_is_k_for_each_degree_of_freedom(record: RunRecord) -> None:
    def visit(name: str) -> PressureRun:
        rows = record.stage(name)
        return PressureRun(
            float(rows.targets.temperature_K[0]),
            *(rows.array(one) for one in ("potential_kj_mol", "kinetic_kj_mol", "volume_nm3")),
        )

    visits = [visit(name) for name in ("cold 1", "cold 2", "hot")]
    parts = heat_capacity_parts(spectra(record), visits[:2], visits[2:], T, 1.0)
    assert parts.classical.value == pytest.approx(5 * N, abs=4.0 * parts.anharmonic.stderr)
    assert parts.anharmonic.stderr < 0.08 * 5 * N
    # With little friction the energy of a vibration fluctuates slowly, and alike in U and K.
    assert parts.anharmonic.stderr < 0.5 * slope_error(visits)
    assert parts.total.value == pytest.approx(
        5 * N * float(quantum_weight(WAVENUMBER, T)), abs=4.0 * parts.total.stderr + 0.01 * 5 * N
    )


def test_velocities_are_drawn_anew_where_the_masses_change(record: RunRecord) -> None:
    """Kept, the velocities of masses three times as large would have a third of the temperature."""
    temperatures = record.stage("light").array("temperature_K")
    # Half of the kinetic energy is exchanged with the springs at once; the mean of 300 degrees of freedom is known to 8 %.
    assert temperatures[0] == pytest.approx(T, rel=0.25)
    first, second = (record.stage(name).array("temperature_K") for name in ("first", "second"))
    assert first.mean() == pytest.approx(T, rel=0.25)
    assert not np.allclose(first, second)


def test_energy_is_conserved_and_a_drift_fails_the_run_once(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mdcore.dynamics import energy_drift

    rows = record.stage("first")
    drift, error = energy_drift(rows.array("potential_kj_mol"), rows.array("kinetic_kj_mol"))
    assert abs(drift) < 1e-3 + 2.0 * error
    # A line and a known scatter: 21 values whose scatter of 0.1 leaves 0.1 / sqrt(21/12) = 0.08 of uncertainty to the change of 2.
    energy = np.linspace(99.0, 101.0, 21) + 0.1 * np.random.default_rng(5).normal(size=21)
    found, uncertainty = energy_drift(energy - 10.0, np.full(21, 10.0))
    assert found * 20.0 == pytest.approx(2.0, abs=0.24)
    assert uncertainty * 20.0 == pytest.approx(0.076, rel=0.6)
    bundle = replace(
        record.bundle, stages=(record.bundle.stages[1], vibrations("heated", 0.4, record_interval_ps=0.01))
    )

    def thermostat_at_600_k(self: NVEStage, timestep_fs: float) -> object:
        import openmm

        return openmm.LangevinMiddleIntegrator(600.0, 2.0, timestep_fs * 1e-3)

    monkeypatch.setattr(NVEStage, "integrator", thermostat_at_600_k)
    for _ in range(2):
        with pytest.raises(
            SimulationExploded, match=r"the energy drifts by \+.* in stage 'heated', the limit is 1.00%"
        ) as caught:
            run(bundle, tmp_path, REFERENCE)
        assert "\n" not in str(caught.value)
    # Without the heat the same run goes through.
    monkeypatch.undo()
    run(bundle, tmp_path / "other", REFERENCE)


@pytest.mark.parametrize("records", [3, 9, 17, 24])
def test_a_run_that_is_stopped_in_any_stage_has_the_same_spectra_to_the_last_bit(records: int, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    bundle = crystal(
        (
            thermostat("heavy", "equilibration", T, 0.3, true_masses=False),
            thermostat("light", "equilibration", T, 0.3, true_masses=True),
            vibrations("first", 0.3),
            vibrations("second", 0.3),
        )
    )
    run(bundle, tmp_path / "whole", REFERENCE)
    left = records

    def stop(progress: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stop

    often = REFERENCE.model_copy(update={"checkpoint_interval_s": 1e-6})
    with pytest.raises(Stop):
        run(bundle, tmp_path / "parts", often, stop)
    assert run(bundle, tmp_path / "parts", often).resumed == 1
    whole, parts = (read_record(tmp_path / name, bundle) for name in ("whole", "parts"))
    name = "frames-vibrations.npy"
    assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    np.testing.assert_array_equal(parts.all().array("potential_kj_mol"), whole.all().array("potential_kj_mol"))


def test_a_cell_is_scaled_to_the_mean_volume_with_its_constraints(tmp_path: Path) -> None:
    bundle = dimers()
    run(bundle, tmp_path, REFERENCE)
    record = read_record(tmp_path, bundle)
    volumes = record.role("sampling").array("volume_nm3")
    assert np.ptp(volumes) > 0.0
    found = at_mean_volume(record)
    assert np.linalg.det(found.box_nm) == pytest.approx(volumes.mean(), rel=1e-9)
    clusters = Clusters.of(read_xml(bundle.system_xml, "System"))
    one, other = clusters.pairs.T

    def lengths(positions: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.norm(positions[one] - positions[other], axis=1))

    np.testing.assert_allclose(lengths(found.positions_nm), lengths(record.final.positions_nm), rtol=1e-9)
    moved = clusters.centres_nm(found.positions_nm) / clusters.centres_nm(record.final.positions_nm)
    np.testing.assert_allclose(moved, (volumes.mean() / volumes[-1]) ** (1.0 / 3.0), rtol=1e-6)
