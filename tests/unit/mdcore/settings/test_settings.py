"""Settings: presets, overrides, refusals, schedules."""

import importlib
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mdcore.dynamics import DynamicsStage
from mdcore.protocols import schedule
from mdcore.protocols.equilibrated import cooling_ramps
from mdcore.settings import PRESETS, ProtocolSettings, SimulationSettings, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip(name):
    settings = preset(name)
    assert SimulationSettings.model_validate(settings.model_dump()) == settings
    assert SimulationSettings.model_validate_json(settings.model_dump_json()) == settings
    assert settings.fidelity == f"md-{name}-2"


def test_editions_of_a_preset_have_fidelities_of_their_own():
    first, second = preset("standard-1"), preset("standard-2")
    assert second == preset("standard")
    assert (first.preset, first.fidelity, first.force_field.smirnoff) == (
        "standard",
        "md-standard",
        "openff-2.2.1.offxml",
    )
    assert (second.fidelity, second.force_field.smirnoff, second.replicates) == (
        "md-standard-2",
        "openff-2.3.0.offxml",
        3,
    )
    # What is written out in full is the edition that it equals, whatever the number of cells.
    assert SimulationSettings.model_validate({**first.model_dump(), "replicates": 2}).fidelity == "md-standard"
    warmer = SimulationSettings.model_validate({"preset": "standard-1", "protocol": {"temperature_K": 400}})
    assert warmer.force_field == first.force_field
    assert re.fullmatch(r"md-standard-[0-9a-f]{6}", warmer.fidelity)
    for unknown in ("standard-0", "standard-3", "standard-01", "standard-x", "quick-3"):
        with pytest.raises(ValueError, match=f"has the editions 1.*, got '{unknown}'; use one of them"):
            preset(unknown)


def test_cooling_is_slow_where_the_glass_forms():
    settings = ProtocolSettings(cool_ps=2000.0, slow_cool_ps=15000.0, melt_above_transition_K=250.0)
    melt, glass, cold = cooling_ramps(settings, 623.0, 373.0)
    assert (melt.start_K, melt.end_K, glass.end_K, cold.end_K) == (623.0, 503.0, 353.0, 300.0)
    assert glass.duration_ps == 15000.0
    rate = (120.0 + 53.0) / 2000.0
    assert (melt.duration_ps, cold.duration_ps) == pytest.approx((120.0 / rate, 53.0 / rate))
    # A rubber: the part of the window above the final temperature, at the same rate.
    melt, rubber = cooling_ramps(settings, 600.0, 200.0)
    assert (melt.duration_ps, rubber.start_K, rubber.end_K, rubber.duration_ps) == (2000.0, 330.0, 300.0, 3000.0)
    for transition in (None, 150.0):
        (whole,) = cooling_ramps(settings, 600.0, transition)
        assert (whole.start_K, whole.end_K, whole.duration_ps) == (600.0, 300.0, 2000.0)
    stages = [stage for stage in schedule(settings, 623.0, 1.0, 373.0) if stage.name.startswith("cool")]
    assert [stage.records_as for stage in stages] == ["cooling"] * 3
    assert [stage.temperature_at(1.0) for stage in stages] == [503.0, 353.0, 300.0]


def test_slow_cooling_needs_a_ramp_at_constant_pressure():
    for protocol in ({"cool_at": "volume"}, {"cool_ps": 0.0}):
        with pytest.raises(
            ValidationError, match="slow_cool_ps 100 requires cool_at pressure and cool_ps above 0; set them"
        ):
            SimulationSettings.model_validate({"preset": "standard", "protocol": {"slow_cool_ps": 100.0, **protocol}})


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
