"""Settings: presets, overrides, refusals, schedules."""

import importlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mdcore.dynamics import DynamicsStage
from mdcore.protocols import schedule
from mdcore.settings import PRESETS, ProtocolSettings, SimulationSettings, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip(name):
    settings = preset(name)
    assert SimulationSettings.model_validate(settings.model_dump()) == settings
    assert SimulationSettings.model_validate_json(settings.model_dump_json()) == settings
    assert settings.fidelity == f"md-{name}"


def test_overrides_keep_the_rest_of_the_preset():
    settings = SimulationSettings.model_validate({"preset": "quick", "protocol": {"sample_ps": 99.0}})
    assert settings.protocol.sample_ps == 99.0
    assert settings.protocol.melt_ps == preset("quick").protocol.melt_ps
    assert settings.cell == preset("quick").cell


@pytest.mark.parametrize(
    "document",
    [
        {"preset": "fast"},
        {"protocol": {"temperature_K": -10}},
        {"protocol": {"temprature_K": 300}},
        {"cell": {"n_chains": 0}},
        {"force_field": {"hydrogen_mass_amu": None}},
        {"force_field": {"switch_width_nm": 0.5, "cutoff_nm": 0.4}},
        {"execution": {"checkpoint_interval_s": 600}},
    ],
)
def test_wrong_settings_are_refused(document):
    with pytest.raises(ValidationError):
        SimulationSettings.model_validate(document)


def test_unknown_preset_is_one_clear_line():
    with pytest.raises(ValueError, match="'fast' is unknown; use one of quick, standard, accurate"):
        preset("fast")


@given(st.floats(1.0, 1e4), st.floats(1.0, 1e4))
def test_schedule_ends_with_sampling_and_ramps_are_continuous(cool_ps, sample_ps):
    protocol = ProtocolSettings(cool_ps=cool_ps, sample_ps=sample_ps)
    stages = [stage for stage in schedule(protocol, 700.0, 1.0) if isinstance(stage, DynamicsStage)]
    assert stages[-1].role == "sampling"
    assert stages[-1].duration_ps == sample_ps
    by_name = {stage.name: stage for stage in stages}
    assert by_name["melt"].temperature_K[1] == by_name["cool"].temperature_K[0] == 700.0
    assert by_name["cool"].temperature_K[1] == by_name["sample"].temperature_K[0] == 300.0
    cycles = [stage for stage in stages if stage.name.startswith("cycle")]
    for before, after in pairwise(cycles):
        assert before.temperature_K[1] == after.temperature_K[0]
    assert max(stage.pressure_atm[0] for stage in cycles) == 50000.0


def test_stages_refuse_unphysical_ramps():
    with pytest.raises(ValidationError, match="above 0 K"):
        DynamicsStage(name="x", ensemble="nvt", duration_ps=1, temperature_K=(300, 0), timestep_fs=2)
    with pytest.raises(ValidationError, match="negative"):
        DynamicsStage(
            name="x", ensemble="npt", duration_ps=1, temperature_K=(3, 3), pressure_atm=(1, -1), timestep_fs=2
        )


def test_the_former_name_of_the_room_of_measurements_still_works() -> None:
    former, measure = importlib.import_module("mdcore.simulate"), importlib.import_module("mdcore.measure")
    with pytest.warns(DeprecationWarning, match=r"use mdcore\.measure\.simulate"):
        assert former.simulate is measure.simulate
    with pytest.raises(AttributeError, match="prepared"):
        _ = former.prepared
