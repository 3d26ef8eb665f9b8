"""What every protocol does, run over the registry."""

import pytest

from mdcore.chem.errors import PluginError
from mdcore.dynamics import OBSERVABLES, STAGES
from mdcore.protocols import PROTOCOLS, Conditions, register_protocol
from mdcore.settings import PRESETS, preset
from mdcore.substances import SUBSTANCES

NAMES = sorted(PROTOCOLS)


def test_a_name_is_taken_once() -> None:
    taken = PROTOCOLS["equilibrated"]
    with pytest.raises(PluginError, match="'equilibrated' is already registered"):
        register_protocol(type("Other", (taken,), {}))


@pytest.mark.parametrize("name", NAMES)
def test_it_starts_from_a_protocol_that_exists_and_comes_to_an_end(name: str) -> None:
    seen = []
    start: str | None = name
    while start is not None:
        assert start not in seen
        seen.append(start)
        start = PROTOCOLS[start].after


@pytest.mark.parametrize("preset_name", PRESETS)
@pytest.mark.parametrize("name", NAMES)
def test_its_stages_can_be_run_and_recorded_for_every_substance(name: str, preset_name: str) -> None:
    settings = preset(preset_name)
    for kind in SUBSTANCES.values():
        substance = kind.example()
        conditions = Conditions.of(substance, settings)
        stages = PROTOCOLS[name].of(settings).plan(substance, conditions)
        assert stages
        assert sum(stage.planned_ps for stage in stages) > 0
        for stage in stages:
            assert type(stage).model_validate(stage.model_dump()) == stage
            assert STAGES[stage.kind] is type(stage)
            for recorded in stage.recorded:
                assert recorded.observable in OBSERVABLES
            for fraction in (0.0, 0.5, 1.0):
                assert 0.0 < stage.temperature_at(fraction) <= max(conditions.hottest_K, 1000.0)
        assert any(stage.records_as for stage in stages)
        # The same request gives the same stages.
        assert PROTOCOLS[name].of(settings).plan(substance, conditions) == stages


@pytest.mark.parametrize("name", NAMES)
def test_its_settings_are_frozen_and_known(name: str) -> None:
    protocol = PROTOCOLS[name].of(preset("quick"))
    assert type(protocol).model_validate(protocol.model_dump()) == protocol
    with pytest.raises(ValueError, match="no_such_setting"):
        type(protocol).model_validate({**protocol.model_dump(), "no_such_setting": 1})
