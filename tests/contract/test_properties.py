"""What every property that simulations measure does, run over the registry."""

import json
import math
from pathlib import Path

import pytest

from mdcore.calculations import CALCULATIONS
from mdcore.chem import PROPERTIES, Failure, PropertySpec, UnknownProperty
from mdcore.chem.errors import PlanError, PluginError
from mdcore.estimate import Estimate
from mdcore.measure import plan_simulation, prepare, simulate
from mdcore.measure.plan import make_plan
from mdcore.optics import OpticsSettings
from mdcore.properties import MEASURED, Needs, Property, Request, measured_property, properties_using, register_property
from mdcore.properties.evidence import Evidence, read_runs
from mdcore.protocols import PROTOCOLS
from mdcore.settings import SimulationSettings
from mdcore.substances import Homopolymer, Liquid

pytestmark = pytest.mark.seconds(120)

NAMES = sorted(MEASURED)
TINY = SimulationSettings.model_validate(
    {
        "cell": {"n_chains": 3, "atoms_per_chain": 40},
        "force_field": {"cutoff_nm": 0.4, "switch_width_nm": 0.05, "ewald_tolerance": 9e-3},
        "protocol": {
            "compress_ps": 1, "melt_ps": 1, "cool_ps": 2, "settle_ps": 1, "sample_ps": 6, "record_interval_ps": 0.05,
            "cool_at": "pressure", "glass_transition_K": 206.0,
        },
        "protocols": {
            "cooling_scan": {"hold_ps": 1.0, "heat_ps": 1.0, "melt_ps": 1.0},
            "heat_capacity": {
                "spectra": 2, "spectrum_ps": 1.0, "spectrum_settle_ps": 0.2, "warm_ps": 1.0,
                "settle_ps": 1.0, "dwell_ps": 4.0,
            },
            "heat_flow": {"replicas": 3, "n_slabs": 8, "settle_ps": 1, "duration_ps": 150, "exchange_interval_ps": 0.2},
            "approach_to_equilibrium": {
                "replicas": 3, "n_slabs": 8, "settle_ps": 1, "n_decays": 2, "decay_ps": 40, "heat_ps": 0.5, "rest_ps": 0.5,
            },
        },
        "execution": {"platform": "CPU", "threads": 1},
    }
)  # fmt: skip
ADDITIVE = OpticsSettings(kind="additive")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory):
    """All properties of one tiny cell, those without a finite error included."""
    from mdcore.measure.execute import Simulation

    polymer = Homopolymer.example()
    plan = make_plan(Request(TINY, ADDITIVE, polymer), NAMES)
    simulation = Simulation(polymer, TINY, plan, seed=1, out=tmp_path_factory.mktemp("all"), optics=ADDITIVE)
    for task in plan.tasks:
        simulation.do(task)
    return simulation.analyse()


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_its_ranges_hold_each_other(name: str) -> None:
    spec = PROPERTIES[name]
    assert spec.name == name
    assert spec.lowest <= spec.lower < spec.upper <= spec.highest
    assert spec.default_stderr >= 0
    assert 0 <= spec.default_relative < 1
    assert spec.label
    assert spec.symbol
    assert spec.unit


@pytest.mark.parametrize("name", NAMES)
def test_what_it_needs_exists(name: str) -> None:
    needs = MEASURED[name].needs
    assert set(needs.runs) <= set(PROTOCOLS)
    assert set(needs.calculations) <= set(CALCULATIONS)
    assert set(needs.properties) <= set(MEASURED)
    assert PROPERTIES[name] is MEASURED[name].spec


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_its_estimate_is_possible_and_its_error_is_the_sum_of_its_parts(name: str, measured) -> None:
    assert set(measured.properties) == set(NAMES)
    if name in measured.not_determined:
        # Ten picoseconds of a hundred atoms tell too little of some properties; the reason has a remedy.
        assert MEASURED[name].joint is not None
        assert ";" in measured.not_determined[name]
        return
    estimate, spec = measured.estimates[name], PROPERTIES[name]
    # Some ps of a hundred atoms may miss the possible range by their noise.
    assert spec.lowest - 5 * estimate.stderr <= estimate.value <= spec.highest + 5 * estimate.stderr
    assert estimate.stderr >= 0
    if estimate.parts:
        assert estimate.stderr == pytest.approx(math.hypot(*estimate.parts.values()))
        assert estimate.stderr == pytest.approx(math.hypot(estimate.statistical, estimate.model))
    json.dumps(dict(estimate.about))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_planned_alone_with_all_that_it_needs(name: str) -> None:
    plan = plan_simulation(Homopolymer.example(), TINY, [name], ADDITIVE)
    planned = [task.name for task in plan.tasks]
    assert planned[-1] == "analyse"
    done: set[str] = set()
    for task in plan.tasks:
        assert set(task.after) <= done
        done.add(task.name)
    assert ("build" in planned) == bool(plan.protocols)
    assert sum(task.cost for task in plan.tasks) == pytest.approx(1.0 if plan.protocols else 0.0)
    phases = plan.phases()
    assert [task.name for phase in phases for task in phase] == planned
    for phase in phases:
        assert len({task.resource for task in phase}) == 1


def test_needs_are_united() -> None:
    """One run and one calculation serve all properties; the dynamics has a phase of its own."""
    plan = plan_simulation(Homopolymer.example(), TINY, ["refractive_index", "abbe_number", "bulk_modulus"], ADDITIVE)
    assert [(task.name, task.kind, task.resource) for task in plan.tasks] == [
        ("build", "build", "cpu"), ("equilibrated", "run", "gpu"), ("molar_refractions", "calculate", "cpu"),
        ("analyse", "analyse", "cpu"),
    ]  # fmt: skip
    assert [[task.name for task in phase] for phase in plan.phases()] == [
        ["build"], ["equilibrated"], ["molar_refractions", "analyse"],
    ]  # fmt: skip
    assert plan.task("equilibrated").simulated_ps == pytest.approx(12.0)  # a soft start of 1 ps and the protocol's 11
    assert properties_using("molar_refractions") == (
        "refractive_index",
        "abbe_number",
        "electronic_dielectric_constant",
    )


def test_what_cannot_be_measured_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    quick = SimulationSettings()
    for refused, substance, words in (
        ("ramp_corrected_density", Homopolymer.example(), "needs protocol.glass_transition_K"),
        ("sa_score", Liquid("CCO"), "sa_score is defined for repeat units"),
    ):
        with pytest.raises(PlanError, match=words):
            simulate(substance, quick, seed=1, out=tmp_path / "x", properties=[refused])
        with pytest.raises(PlanError, match=words):
            prepare(substance, quick, seed=1, out=tmp_path / "x", properties=[refused], phase=1)
    with pytest.raises(UnknownProperty, match="densty"):
        simulate(Homopolymer.example(), quick, seed=1, out=tmp_path / "x", properties=["densty"])
    with pytest.raises(ValueError, match="'homo_lumo_gap' is not measured by simulation"):
        measured_property("homo_lumo_gap")
    assert not (tmp_path / "x").exists()


def test_properties_that_need_each_other_are_refused() -> None:
    def estimate(evidence: Evidence):
        return Estimate(0.0, 0.0)

    def spec(name: str) -> PropertySpec:
        return PropertySpec(name, "1", name, name, 0.0, 1.0, 0.0, 1.0, 0.1)

    names = {"hen": "egg", "egg": "hen"}
    try:
        for name, other in names.items():
            register_property(Property(spec(name), estimate, needs=Needs(properties=(other,))))
        with pytest.raises(PluginError, match="'hen' is already registered"):
            register_property(spec("hen"))
        with pytest.raises(PlanError, match="hen -> egg -> hen"):
            plan_simulation(None, TINY, ["hen"])
    finally:
        for name in names:
            MEASURED.withdraw(name)
            PROPERTIES.withdraw(name)


@pytest.mark.slow
def test_parts_and_the_whole_are_one_simulation(tmp_path: Path) -> None:
    """Phase by phase, as on a cluster, and in one call: the same numbers to the last digit."""
    request = {"seed": 4, "properties": ("density", "refractive_index"), "optics": ADDITIVE}
    short = {
        "compress_ps": 0.4,
        "melt_ps": 0.2,
        "cool_ps": 0.4,
        "settle_ps": 0.2,
        "sample_ps": 1.0,
        "record_interval_ps": 0.05,
    }
    settings = TINY.model_copy(
        update={
            "protocol": TINY.protocol.model_copy(update=short),
            "execution": TINY.execution.model_copy(update={"platform": "Reference"}),
        }
    )
    whole = simulate(Homopolymer.example(), settings, out=tmp_path / "whole", **request)  # type: ignore[arg-type]
    for phase in range(2):
        assert prepare(Homopolymer.example(), settings, out=tmp_path / "parts", phase=phase, **request) is None  # type: ignore[arg-type]
        assert (tmp_path / "parts" / "bundle" / "bundle.json").exists()
        assert (tmp_path / "parts" / "run" / "run.json").exists() == (phase == 1)
    parts = simulate(Homopolymer.example(), settings, out=tmp_path / "parts", **request)  # type: ignore[arg-type]
    assert not isinstance(whole, Failure)
    assert not isinstance(parts, Failure)
    assert [(m.value, m.stderr) for m in parts.measurements] == [(m.value, m.stderr) for m in whole.measurements]
    assert read_runs({}) == {}
