"""The stairs of a cooling scan, and ranges in which no transition can be found."""

from itertools import pairwise

import pytest

from mdcore.chem import RepeatUnit
from mdcore.chem.errors import PlanError
from mdcore.measure import Copolymer, Homopolymer, Liquid, plan_simulation
from mdcore.protocols import Conditions, CoolingScan
from mdcore.protocols.cooling_scan import scan_rate_k_per_ps
from mdcore.settings import SimulationSettings, preset

PS = Homopolymer(RepeatUnit.from_psmiles("*CC(*)c1ccccc1"))
NAME = "glass_transition_temperature"


def with_scan(**scan: float) -> SimulationSettings:
    return SimulationSettings.model_validate({"protocols": {"cooling_scan": scan}})


@pytest.mark.parametrize(("name", "rate"), [("quick", 0.8), ("standard", 0.04), ("accurate", 0.01)])
def test_a_preset_has_its_own_rate_and_all_else_from_the_protocol(name: str, rate: float) -> None:
    settings = preset(name)
    scan = CoolingScan.of(settings)
    assert scan.rate_k_per_ps == pytest.approx(rate)
    stages = scan.plan(PS, Conditions.of(PS, settings))
    assert scan_rate_k_per_ps(stages) == pytest.approx(rate)
    assert {stage.initial_timestep_fs for stage in stages} == {settings.protocol.timestep_fs}
    assert {stage.chunk_ps for stage in stages} == {settings.protocol.record_interval_ps}
    assert [stage.records_as for stage in stages[:2]] == ["equilibration", "equilibration"]
    assert {stage.records_as for stage in stages[2:]} == {"stair"}
    assert all(stage.barostat_kind == "isotropic" for stage in stages)


def test_stairs_reach_from_the_melt_to_the_glass_and_meet_the_temperature_of_the_measurement() -> None:
    known, _ = PS.glass_transition_k(None)
    for temperature in (300.0, 293.0, 350.0):
        stairs = CoolingScan().temperatures_k(PS, temperature)
        assert known + 200.0 <= stairs[0] < known + 220.0
        assert known - 150.0 <= stairs[-1] < known - 130.0
        assert temperature in stairs
        assert {a - b for a, b in pairwise(stairs)} == {20.0}
    # The coldest stair is never above the temperature of the measurement, and a hot glass is heated to at most 1000 K.
    hot = CoolingScan(expected_K=900.0).temperatures_k(PS, 300.0)
    assert (hot[0], hot[-1]) == (1000.0, 300.0)
    cold = CoolingScan(expected_K=200.0).temperatures_k(PS, 300.0)
    assert cold[-1] == 160.0
    assert CoolingScan(hottest_K=700.0, coldest_K=250.0, step_K=30.0).temperatures_k(PS, 300.0) == tuple(
        float(t) for t in range(700, 249, -30)
    )


def test_a_known_transition_sets_the_range() -> None:
    settings = SimulationSettings.model_validate({"protocol": {"glass_transition_K": 500.0}})
    assert CoolingScan.of(settings).temperatures_k(PS, 300.0)[0] == 700.0
    copolymer = Copolymer.example()
    plan = plan_simulation(copolymer, settings, [NAME])
    assert [task.name for task in plan.tasks] == ["build", "equilibrated", "cooling_scan", "analyse"]
    assert plan.task("cooling_scan").folder.as_posix() == "runs/cooling_scan/run"


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        ({"hottest_K": 480.0}, "starts at 480 K, which is not a melt above the glass transition: .* set hottest_K to at least 5"),
        ({"coldest_K": 460.0, "step_K": 5.0}, "ends at 460 K, which is not a glass: .* set coldest_K to at most 4"),
        ({"hottest_K": 640.0, "coldest_K": 300.0, "step_K": 50.0}, "has 7 stairs from 640 to 340 K; at least 10 are needed"),
        ({"hottest_K": 300.0, "coldest_K": 600.0}, r"^simulation.protocols.cooling_scan: hottest_K 300 must exceed coldest_K 600"),
        ({"hold_ps": 1.0}, "hold_ps 1 has fewer than 16 records 0.2 ps apart"),
        ({"step_K": 80.0}, r"cooling_scan.step_K 80.0: Input should be less than or equal to 50"),
        ({"steps": 80.0}, r"cooling_scan.steps 80.0: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_scan_that_cannot_show_a_transition_is_refused_in_one_line(scan: dict[str, float], words: str) -> None:
    with pytest.raises(PlanError, match=words) as refused:
        plan_simulation(PS, with_scan(**scan), [NAME])
    assert "\n" not in str(refused.value)


def test_a_range_is_checked_without_a_substance_where_it_does_not_depend_on_it() -> None:
    """As by `designer validate`, which knows no polymer yet."""
    plan_simulation(None, with_scan(hottest_K=480.0), [NAME])
    with pytest.raises(PlanError, match="has 5 stairs from 400 to 320 K"):
        plan_simulation(None, with_scan(hottest_K=400.0, coldest_K=320.0), [NAME])
    with pytest.raises(PlanError, match="not a melt"):
        plan_simulation(None, with_scan(hottest_K=480.0, coldest_K=200.0, expected_K=400.0), [NAME])


def test_what_forms_no_glass_has_no_transition() -> None:
    for name in (NAME, "scan_cooled_density"):
        with pytest.raises(PlanError, match=rf"{name} is defined for substances that form a glass, got CCO \(liquid\)"):
            plan_simulation(Liquid("CCO"), SimulationSettings(), [name])
    with pytest.raises(PlanError, match=r"from 600 to 400 K leaves out protocol.temperature_K 300"):
        plan_simulation(PS, with_scan(hottest_K=600.0, coldest_K=400.0), ["scan_cooled_density"])
