"""What surrounds the transport of heat: refusals, axes, start of the runs, derived diffusivity, plots."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdcore.chem import RepeatUnit
from mdcore.chem.errors import PlanError
from mdcore.dynamics import RecordState, SimulationBundle
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.stages import HeatExchangeStage, TemperatureStepStage
from mdcore.estimate import Estimate
from mdcore.estimate.heat_flow import diffusivity_of
from mdcore.forcefield.hydrogens import description, with_flexible_bonds, with_true_masses
from mdcore.measure import plan_simulation
from mdcore.measure.build import build_bundle
from mdcore.measure.heat_figures import plot_decay, plot_heat_flow
from mdcore.protocols import ApproachToEquilibrium, Conditions, HeatFlow, HeatFlowZ
from mdcore.settings import SimulationSettings
from mdcore.substances import Homopolymer

HEAT = ("thermal_conductivity", "thermal_diffusivity")


def settings(**more: Any) -> SimulationSettings:
    return SimulationSettings.model_validate({"preset": "quick", **more})


def refusal(name: str, substance: Any = None, **more: Any) -> str:
    with pytest.raises(PlanError) as caught:
        plan_simulation(substance, settings(**more), [name])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("preset", ["quick", "standard", "accurate"])
def test_presets_can_measure_both_properties(preset: str) -> None:
    plan = plan_simulation(Homopolymer.example(), SimulationSettings.model_validate({"preset": preset}), HEAT)
    assert [task.name for task in plan.tasks] == [
        "build", "equilibrated", "heat_flow", "approach_to_equilibrium", "analyse",
    ]  # fmt: skip
    assert plan.task("heat_flow").after == ("equilibrated",)


def test_the_cost_of_quick_is_what_is_promised() -> None:
    plan = plan_simulation(Homopolymer.example(), settings(), HEAT)
    # 1,710 atoms run at 40 to 55 ns/day on one core: 12 minutes are 0.33 ns, 4 minutes 0.11 to 0.15 ns.
    assert plan.task("heat_flow").simulated_ps <= 330.0
    assert plan.task("approach_to_equilibrium").simulated_ps <= 130.0
    # The share of the cost is that of the atoms times the steps.
    steps = {one.name: plan.task(one.name).n_steps for one in plan.protocols}
    costs = {one.name: plan.task(one.name).cost for one in plan.protocols}
    expected = 3.0 * steps["heat_flow"] / steps["equilibrated"]
    assert costs["heat_flow"] / costs["equilibrated"] == pytest.approx(expected)


def test_a_cell_that_is_too_short_for_the_slabs_is_refused_in_one_line() -> None:
    short = {"heat_flow": {"replicas": 1}, "approach_to_equilibrium": {"replicas": 1}}
    for name, section in zip(HEAT, short, strict=True):
        said = refusal(name, protocols=short)
        assert "12 slabs of at least 0.3 nm need a cell of 3.6 nm, but 1 x 570 atoms are about 1.8 nm long" in said
        assert f"raise protocols.{section}.replicas or cell.n_chains" in said


def test_a_time_that_is_too_short_for_the_cell_is_refused_in_one_line() -> None:
    said = refusal("thermal_conductivity", protocols={"heat_flow": {"duration_ps": 60}})
    assert "a heat flow of 60 ps is too short for a cell of about 5.4 nm, which needs 127 ps" in said
    said = refusal("thermal_diffusivity", protocols={"approach_to_equilibrium": {"decay_ps": 9}})
    assert "decays of 9 ps are too short for a cell of about 5.4 nm, which relaxes in 13 ps" in said


class Oriented(Homopolymer):
    is_isotropic = False


def test_one_number_of_an_oriented_cell_is_refused_and_a_component_is_not() -> None:
    drawn = Oriented(RepeatUnit.from_psmiles("*CC*"))
    assert "choose the component with protocols.heat_flow.axes" in refusal("thermal_conductivity", drawn)
    assert "thermal_diffusivity is one number only in an isotropic cell" in refusal("thermal_diffusivity", drawn)
    plan = plan_simulation(drawn, settings(protocols={"heat_flow": {"axes": ["z"]}}), ["thermal_conductivity"])
    assert [one.name for one in plan.protocols] == ["equilibrated", "heat_flow_z"]


def test_each_axis_is_a_run_of_its_own_with_the_settings_of_heat_flow() -> None:
    both = settings(protocols={"heat_flow": {"axes": ["x", "z"], "duration_ps": 240, "replicas": 4}})
    plan = plan_simulation(Homopolymer.example(), both, ["thermal_conductivity"])
    assert [one.name for one in plan.protocols] == ["equilibrated", "heat_flow", "heat_flow_z"]
    stages = [one.plan(Homopolymer.example(), Conditions.of(Homopolymer.example(), both)) for one in plan.protocols[1:]]
    flows = [stage for two in stages for stage in two if isinstance(stage, HeatExchangeStage)]
    assert [(flow.axis, flow.duration_ps) for flow in flows] == [("x", 240.0), ("z", 240.0)]
    for wrong in (["x", "x"], []):
        said = refusal("thermal_conductivity", protocols={"heat_flow": {"axes": wrong}})
        assert "simulation.protocols.heat_flow.axes" in said


def test_the_treatment_of_hydrogens_sets_the_longest_time_step() -> None:
    for hydrogens, step in (("as_equilibrated", 4.0), ("true_masses", 2.0), ("flexible", 1.0)):
        chosen = settings(protocols={"heat_flow": {"hydrogens": hydrogens}})
        assert HeatFlow.of(chosen).timestep_fs == step
    said = refusal("thermal_conductivity", protocols={"heat_flow": {"hydrogens": "true_masses", "timestep_fs": 4}})
    assert "timestep_fs 4 is too long for hydrogens true_masses; use at most 2" in said


def test_decays_alternate_in_sign_after_a_rest_each() -> None:
    request = settings()
    stages = ApproachToEquilibrium.of(request).plan(
        Homopolymer.example(), Conditions.of(Homopolymer.example(), request)
    )
    assert [stage.name for stage in stages] == [
        "settle", "decay 1", "rest 1", "decay 2", "rest 2", "decay 3", "rest 3", "decay 4",
    ]  # fmt: skip
    signs = [stage.difference_K for stage in stages if isinstance(stage, TemperatureStepStage)]
    assert signs == [50.0, -50.0, 50.0, -50.0]


@pytest.fixture(scope="module")
def polyethylene(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulationBundle, SimulationSettings]:
    """A grown cell with constrained bonds to repartitioned hydrogens, its constraints solved."""
    import openmm

    small = settings(
        cell={"n_chains": 2, "atoms_per_chain": 40},
        force_field={
            "smirnoff": "openff-2.2.1.offxml",
            "cutoff_nm": 0.4,
            "switch_width_nm": 0.05,
            "ewald_tolerance": 9e-3,
        },
    )
    bundle = build_bundle(RepeatUnit.from_psmiles("*CC*"), small, seed=3, out=tmp_path_factory.mktemp("pe"))
    context = context_of(bundle)
    context.applyConstraints(1e-9)
    positions = context.getState(getPositions=True).getPositions(asNumpy=True)._value
    assert isinstance(context, openmm.Context)
    return replace(bundle, arrays={**bundle.arrays, "positions_nm": np.array(positions)}), small


def context_of(bundle: SimulationBundle) -> Any:
    import openmm

    system = read_xml(bundle.system_xml, "System")
    context = openmm.Context(system, openmm.VerletIntegrator(1e-4), openmm.Platform.getPlatformByName("Reference"))
    context.setPeriodicBoxVectors(*bundle.arrays["box_nm"])
    context.setPositions(bundle.arrays["positions_nm"])
    return context


def energy_of(bundle: SimulationBundle) -> float:
    return RecordState(context_of(bundle), bundle, 1, 300.0, 1.0).potential_kj_mol


def test_true_masses_change_nothing_but_the_masses(polyethylene: tuple[SimulationBundle, SimulationSettings]) -> None:
    bundle, _ = polyethylene
    true = with_true_masses(bundle)
    assert description(bundle)["hydrogen_mass_amu"] == pytest.approx(3.0)
    assert description(true)["hydrogen_mass_amu"] == pytest.approx(1.008, abs=1e-3)
    assert description(true)["constrained_bonds"] == (bundle.arrays["atomic_numbers"] == 1).sum()
    assert energy_of(true) == pytest.approx(energy_of(bundle), rel=1e-12)
    system = read_xml(true.system_xml, "System")
    masses = [system.getParticleMass(i)._value for i in range(true.n_atoms)]
    np.testing.assert_allclose(masses, bundle.arrays["true_masses_amu"])
    assert true.mass_amu == pytest.approx(bundle.mass_amu)


def test_flexible_bonds_have_the_length_of_the_constraints_that_they_replace(
    polyethylene: tuple[SimulationBundle, SimulationSettings],
) -> None:
    """At the constrained lengths they have no energy; stretched, that of the force field's C-H bond."""
    bundle, small = polyethylene
    plans = Homopolymer(RepeatUnit.from_psmiles("*CC*")).plan(small.cell, 3).chains
    flexible = with_flexible_bonds(bundle, plans, small.force_field)
    assert description(flexible) == {"hydrogen_mass_amu": pytest.approx(1.008, abs=1e-3), "constrained_bonds": 0}
    assert energy_of(flexible) == pytest.approx(energy_of(bundle), abs=1e-4)
    system = read_xml(flexible.system_xml, "System")  # its forces live as long as it does
    (force,) = (one for one in system.getForces() if one.getName() == "HarmonicBondForce")
    assert force.getNumBonds() == len(bundle.arrays["bonds"])
    *_, length, k = force.getBondParameters(force.getNumBonds() - 1)
    assert 0.107 < length._value < 0.111
    assert k._value == pytest.approx(3.1e5, rel=0.05)  # 740 kcal/mol/A2


def test_a_run_starts_from_a_supercell_along_its_axis(
    polyethylene: tuple[SimulationBundle, SimulationSettings],
) -> None:
    bundle, small = polyethylene
    polymer = Homopolymer(RepeatUnit.from_psmiles("*CC*"))
    for kind, repeats in ((HeatFlow, [3, 1, 1]), (HeatFlowZ, [1, 1, 3]), (ApproachToEquilibrium, [3, 1, 1])):
        large = kind.of(small).prepared(bundle, polymer, small, 3)
        assert large.content["repeats"] == repeats
        assert large.n_atoms == 3 * bundle.n_atoms
        np.testing.assert_allclose(np.diag(large.arrays["box_nm"]), np.diag(bundle.arrays["box_nm"]) * repeats)
    assert energy_of(large) == pytest.approx(3 * energy_of(bundle), rel=1e-3)  # the Ewald sum has a tolerance of 5e-4


def test_the_derived_diffusivity_uses_both_heat_capacities() -> None:
    found = diffusivity_of(
        Estimate(0.2, 0.01), Estimate(1.05, 0.01), Estimate(1.23, 0.05), {"value": 3.2, "stderr": 0.1}
    )
    assert found.value == pytest.approx(0.2 / (1.05e6 * 1.23))  # W/m/K over g/m3 and J/g/K
    assert found.stderr / found.value == pytest.approx(np.sqrt(0.05**2 + (0.01 / 1.05) ** 2 + (0.05 / 1.23) ** 2))
    assert found.about["with_classical_heat_capacity"]["value"] == pytest.approx(0.2 / (1.05e6 * 3.2))


def test_profile_and_decay_are_drawn(tmp_path: Path) -> None:
    profile = [270 + 12 * min(i, 12 - i) for i in range(12)]
    flow = {
        "profile_K": profile, "length_nm": 5.2, "lines_K": [[27.0, 262.0], [-27.0, 402.0]], "r2": [0.99, 0.98],
        "power_kj_mol_ps": 21.0, "drift_of_power": -0.02,
    }  # fmt: skip
    plot_heat_flow({"value": 0.18, "stderr": 0.02, "provenance": flow}, tmp_path / "flow.png")
    times = np.linspace(0.4, 20.0, 50)
    decay = {
        "times_ps": times.tolist(), "amplitude_K": (50 * np.exp(-times / 12)).tolist(), "length_nm": 5.2,
        "fit_K": (50 * np.exp(-times / 12)).tolist(), "relaxation_ps": 12.0, "decays_m2_s": [5e-8] * 4,
    }  # fmt: skip
    plot_decay({"value": 5e-8, "stderr": 5e-9, "provenance": decay}, tmp_path / "decay.png")
    for name in ("flow.png", "decay.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "protocols", "said"),
    [
        ("thermal_conductivity", {"heat_flow": {"hydrogens": ["flexible"]}}, "heat_flow.hydrogens"),
        ("thermal_diffusivity", {"approach_to_equilibrium": {"hydrogens": {}}}, "approach_to_equilibrium.hydrogens"),
        ("thermal_conductivity", {"heat_flow": {"record_interval_ps": 10.0}}, "300 must be at least 40 times record_interval_ps 10"),
        ("thermal_conductivity", {"heat_flow": {"frame_interval_ps": 200.0}}, "300 must be at least 2 times frame_interval_ps 200"),
        ("heat_capacity_cp", {"heat_capacity": {"record_interval_ps": 0.3}}, "spectrum_ps 2.5 has stages with fewer than 10 records"),
        ("heat_capacity_cp", {"heat_capacity": {"dwell_ps": 0.3}}, "dwell_ps 0.3 has stages with fewer than 10 records"),
        ("heat_capacity_cp", {"heat_capacity": {"melt_difference_K": 1e9}}, "heat_capacity.melt_difference_K 1000000000.0"),
        ("glass_transition_temperature", {"cooling_scan": {"hottest_K": 1e9}}, "cooling_scan.hottest_K 1000000000.0"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_before_anything_is_built(
    name: str, protocols: dict[str, Any], said: str
) -> None:
    assert said in refusal(name, Homopolymer.example(), protocols=protocols)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("thermal_conductivity", "heat_flow"),
        ("thermal_diffusivity", "approach_to_equilibrium"),
        ("heat_capacity_cp", "heat_capacity"),
        ("glass_transition_temperature", "cooling_scan"),
    ],
)
def test_a_long_time_step_of_any_run_needs_heavy_hydrogens(name: str, protocol: str) -> None:
    light = {
        "force_field": {"hydrogen_mass_amu": None},
        "protocol": {"timestep_fs": 2.0},
    }
    plan_simulation(Homopolymer.example(), settings(**light), [name])
    said = refusal(name, Homopolymer.example(), **light, protocols={protocol: {"timestep_fs": 4.0}})
    assert said.startswith(
        f"simulation.protocols.{protocol}.timestep_fs 4 requires force_field.hydrogen_mass_amu of at least 2"
    )


@pytest.mark.parametrize(
    ("protocols", "fragment"),
    [
        ({"heat_flow": {"axes": ["y"]}, "heat_flow_y": {"n_slabs": 300}}, "300 slabs of at least"),
        ({"heat_flow": {"axes": ["x", "z"]}, "heat_flow_z": {"duration_ps": 9.0}}, "a heat flow of 9 ps is too short"),
        ({"cooling_scan": {"foo": 1}}, r"simulation\.protocols\.cooling_scan\.foo"),
        ({"heat_capacity": {"spectra": 0}}, r"simulation\.protocols\.heat_capacity\.spectra"),
    ],
)
def test_sections_of_other_axes_and_other_properties_are_checked(protocols: dict[str, object], fragment: str) -> None:
    settings = SimulationSettings.model_validate({"protocols": protocols})
    with pytest.raises(PlanError, match=fragment):
        plan_simulation(Homopolymer(RepeatUnit.from_psmiles("*CC*")), settings, ("thermal_conductivity",))
