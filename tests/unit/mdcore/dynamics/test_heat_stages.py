"""Stages that exchange heat between slabs: conservation, bookkeeping of the heat, power, restarts."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_bundles import dumbbells
from pydantic import ValidationError

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, W_M_K_PER_INTERNAL
from mdcore.dynamics import HeatExchangeStage, RunRecord, SimulationBundle, TemperatureStepStage, read_record, run
from mdcore.dynamics.clusters import Clusters
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.slabs import Slabs
from mdcore.dynamics.stages.slab_stage import SlabState
from mdcore.settings import ExecutionSettings

REFERENCE = ExecutionSettings(platform="Reference", own_core=False, checkpoint_interval_s=1e-6)
BOX = np.diag([3.0, 1.6, 1.6])
SKEW = np.array([[4.0, 0.0, 0.0], [0.8, 2.0, 0.0], [-0.6, 0.5, 2.0]])


def flow(**more: Any) -> HeatExchangeStage:
    settings = {
        "duration_ps": 2.0, "temperature_K": 300.0, "timestep_fs": 2.0, "record_interval_ps": 0.05, "n_slabs": 8,
        "exchange_interval_ps": 0.02, "gradient_K_nm": 40.0,
    }  # fmt: skip
    return HeatExchangeStage.model_validate({**settings, **more})


def cell(*stages: Any) -> SimulationBundle:
    return dumbbells(stages, n=64, box_nm=BOX)


@pytest.fixture(scope="module")
def flowed(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("flow")
    bundle = cell(flow())
    run(bundle, folder, REFERENCE)
    return read_record(folder, bundle)


@dataclass
class MadeEngine:
    """What a stage needs of an engine, at velocities of 300 K."""

    bundle: SimulationBundle
    timestep_fs: float = 2.0
    memory: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def context(self) -> Any:
        import openmm

        system = read_xml(self.bundle.system_xml, "System")
        context = openmm.Context(
            system, openmm.LangevinMiddleIntegrator(300.0, 0.0, 0.002), openmm.Platform.getPlatformByName("Reference")
        )
        context.setPositions(self.bundle.arrays["positions_nm"])
        context.setVelocitiesToTemperature(300.0, 4)
        return context

    @property
    def clusters(self) -> Clusters:
        return Clusters.of(self.context.getSystem())

    @property
    def velocities(self) -> np.ndarray:
        return np.asarray(self.context.getState(getVelocities=True).getVelocities(asNumpy=True)._value)


def test_an_exchange_moves_exactly_its_heat_and_keeps_energy_and_momenta() -> None:
    engine = MadeEngine(cell(flow()))
    stage, clusters = flow(), engine.clusters
    stage.begin(engine)  # type: ignore[arg-type]
    members = stage.slabs.members(clusters, engine.bundle.arrays["positions_nm"], BOX)
    before = engine.velocities
    assert np.abs(clusters.mean_velocity_nm_ps(before)).max() < 1e-12
    after = stage.act(engine, SlabState(members, before, BOX, 0.02, 0.02))  # type: ignore[arg-type]
    heat = engine.memory["exchanged_kj_mol"]
    assert heat == pytest.approx(0.02 * engine.memory["power_kj_mol_ps"])
    assert heat > 0
    mass, slab = clusters.masses_amu, members[clusters.label]

    def kinetic(velocities: np.ndarray, chosen: np.ndarray) -> float:
        return 0.5 * float((mass[chosen][:, None] * velocities[chosen] ** 2).sum())

    for which, gain in ((4, heat), (0, -heat)):
        chosen = slab == which
        assert kinetic(after, chosen) - kinetic(before, chosen) == pytest.approx(gain, rel=1e-10)
        np.testing.assert_allclose(mass[chosen] @ (after - before)[chosen], 0.0, atol=1e-10)
    rest = (slab != 0) & (slab != 4)
    np.testing.assert_array_equal(after[rest], before[rest])
    everything = np.ones(len(mass), dtype=bool)
    assert kinetic(after, everything) == pytest.approx(kinetic(before, everything), rel=1e-10)


def test_the_power_is_that_of_the_gradient_and_is_corrected_once(flowed: RunRecord) -> None:
    rows = flowed.role("heat_flow")
    times, heat = rows.times_ps, rows.array("exchanged_heat_kj_mol")
    power = np.diff(heat) / np.diff(times)
    # 2 A kappa g with the guess of 0.2 W/m/K; the aimed gradient of 40 K/nm is within 15 % of 300 K at the ends of 3 nm.
    assert power[0] == pytest.approx(2 * 2.56 * 0.2 / W_M_K_PER_INTERNAL * 40.0, rel=1e-9)
    assert heat[0] == pytest.approx(power[0] * times[0], rel=1e-9)
    assert power[-1] != pytest.approx(power[0], rel=1e-3)
    assert 0.5 <= power[-1] / power[0] <= 2.0
    steps = np.flatnonzero(np.abs(np.diff(power)) > 1e-6 * power[0])
    assert 1 <= len(steps) <= 2  # once, within one record
    capacity = BOLTZMANN_KJ_MOL_K * 384 / 7.68
    tau = 9.0 * capacity / (4 * np.pi**2 * 0.2 / W_M_K_PER_INTERNAL)
    assert times[steps[0] + 1] == pytest.approx(2 * tau, abs=0.1)


def test_the_gradient_is_limited_by_the_temperature_at_its_ends() -> None:
    engine = MadeEngine(cell(flow()))
    flow(gradient_K_nm=500.0).begin(engine)  # type: ignore[arg-type]
    # 15 % of 300 K over a quarter of 3 nm.
    assert engine.memory["power_kj_mol_ps"] == pytest.approx(2 * 2.56 * 0.2 / W_M_K_PER_INTERNAL * 60.0)


def test_energy_is_conserved_and_heat_flows_from_hot_to_cold(flowed: RunRecord) -> None:
    rows = flowed.role("heat_flow")
    energy = rows.array("potential_kj_mol") + rows.array("kinetic_kj_mol")
    exchanged = rows.array("exchanged_heat_kj_mol")[-1]
    drift = np.polyfit(rows.times_ps, energy, 1)[0] * np.ptp(rows.times_ps)
    assert exchanged > 30
    assert abs(drift) < 0.1 * exchanged  # the cutoff of these cells has no switching function

    kinetic, freedom = (rows.array(name)[15:] for name in ("slab_kinetic_kj_mol", "slab_degrees_of_freedom"))
    assert freedom.shape == (25, 8)
    profile = 2 * kinetic.sum(axis=0) / freedom.sum(axis=0) / BOLTZMANN_KJ_MOL_K
    assert profile[3:6].mean() > profile[[0, 1, 7]].mean() + 10
    # Every atom is in one slab, and each slab has lost the three degrees of its own motion.
    np.testing.assert_allclose(rows.array("slab_degrees_of_freedom").sum(axis=1), 384 - 3 * 8)


class Stop(Exception):
    pass


@pytest.mark.parametrize("stop_at", [4, 25])
def test_a_flow_that_was_killed_goes_on_with_its_power_and_its_heat(
    stop_at: int, flowed: RunRecord, tmp_path: Path
) -> None:
    """Before and after the power was corrected: what the stage keeps is in the checkpoint."""
    bundle, seen = cell(flow()), []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == stop_at:
            raise Stop

    with pytest.raises(Stop):
        run(bundle, tmp_path, REFERENCE, stop)
    assert run(bundle, tmp_path, REFERENCE).resumed == 1
    whole, parts = flowed.role("heat_flow"), read_record(tmp_path, bundle).role("heat_flow")
    np.testing.assert_allclose(parts.times_ps, whole.times_ps)
    np.testing.assert_allclose(
        parts.array("exchanged_heat_kj_mol"), whole.array("exchanged_heat_kj_mol"), rtol=1e-9, atol=0
    )
    np.testing.assert_allclose(parts.array("kinetic_kj_mol"), whole.array("kinetic_kj_mol"), rtol=1e-6)


def test_what_a_stage_keeps_ends_with_it(tmp_path: Path) -> None:
    bundle = cell(flow(duration_ps=0.2), flow(duration_ps=0.2, name="again"))
    run(bundle, tmp_path, REFERENCE)
    first, again = (read_record(tmp_path, bundle).stage(index).array("exchanged_heat_kj_mol") for index in (0, 1))
    np.testing.assert_allclose(first, again, rtol=1e-9)


def step() -> TemperatureStepStage:
    return TemperatureStepStage(
        duration_ps=2.0, temperature_K=300.0, difference_K=-60.0, heat_ps=1.0, timestep_fs=2.0, record_interval_ps=0.02,
        exchange_interval_ps=0.02, n_slabs=8,
    )  # fmt: skip


def test_both_halves_are_scaled_to_their_temperatures_until_the_heating_ends() -> None:
    engine, stage = MadeEngine(cell(step())), step()
    stage.begin(engine)  # type: ignore[arg-type]
    clusters, before = engine.clusters, engine.velocities
    members = stage.slabs.members(clusters, engine.bundle.arrays["positions_nm"], BOX)
    after = stage.act(engine, SlabState(members, before, BOX, 1.0, 0.02))  # type: ignore[arg-type]
    for group, expected in ((members < 4, 240.0), (members >= 4, 360.0)):
        energy, freedom = clusters.thermal_kj_mol(after, group)
        assert 2 * energy / (freedom * BOLTZMANN_KJ_MOL_K) == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(clusters.masses_amu @ (after - before), 0.0, atol=1e-10)
    assert stage.act(engine, SlabState(members, before, BOX, 1.02, 0.02)) is None  # type: ignore[arg-type]


def test_the_difference_is_kept_and_then_left_to_itself_at_constant_energy(tmp_path: Path) -> None:
    bundle = cell(step())
    run(bundle, tmp_path, REFERENCE)
    rows = read_record(tmp_path, bundle).role("decay")
    kinetic, freedom = (rows.array(name) for name in ("slab_kinetic_kj_mol", "slab_degrees_of_freedom"))
    profile = 2 * kinetic / freedom / BOLTZMANN_KJ_MOL_K
    difference = profile[:, 4:].mean(axis=1) - profile[:, :4].mean(axis=1)
    heated = rows.times_ps < 1.0 + 1e-9
    assert difference[heated].mean() > 80.0  # 120, less what the motion of whole slabs has taken
    energy = rows.array("potential_kj_mol") + rows.array("kinetic_kj_mol")
    assert np.ptp(energy[~heated]) < 0.03 * rows.array("kinetic_kj_mol").mean()


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_slabs_of_a_skew_cell_are_between_its_faces(axis: str) -> None:
    import openmm

    system, rng = openmm.System(), np.random.default_rng(2)
    fractions = rng.uniform(0.0, 1.0, (200, 3))
    for _ in fractions:
        system.addParticle(12.0)
    slabs = Slabs(axis, 10)  # type: ignore[arg-type]
    shifted = (fractions + rng.integers(-2, 3, (200, 3))) @ SKEW  # chains are whole and leave the cell
    index = "xyz".index(axis)
    expected = np.floor(fractions[:, index] * 10).astype(int)
    np.testing.assert_array_equal(slabs.members(Clusters.of(system), shifted, SKEW), expected)
    assert slabs.length_nm(SKEW) * slabs.area_nm2(SKEW) == pytest.approx(16.0)
    assert slabs.area_nm2(BOX) == pytest.approx({"x": 2.56, "y": 4.8, "z": 4.8}[axis])
    assert slabs.length_nm(BOX) == pytest.approx(BOX[index, index])


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValidationError, match="n_slabs 9 must be even"):
        flow(n_slabs=9)
    with pytest.raises(ValidationError, match="heat_ps 2 must be shorter than duration_ps 1"):
        TemperatureStepStage(duration_ps=1.0, temperature_K=300.0, timestep_fs=2.0)
    with pytest.raises(ValidationError, match="difference_K 400 must not be 0, and smaller than temperature_K 300"):
        TemperatureStepStage(duration_ps=9.0, temperature_K=300.0, timestep_fs=2.0, difference_K=400.0)
