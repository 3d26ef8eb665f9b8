"""Bundles that an earlier version built are recognised as those of the same request."""

import copy
from typing import Any

import pytest

from mdcore.measure.build import _request, _same
from mdcore.protocols import Equilibrated, HeatFlow
from mdcore.settings import SimulationSettings
from mdcore.substances import Homopolymer

LATER = {"protocol": ("melt_above_transition_K", "slow_cool_ps"), "run": ("frame_interval_ps",)}
"""Settings that were added after bundles had been stored, with defaults that reproduce what was done before."""


def requests(kind: type[Any], **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the request of an earlier version and that of the present one."""
    settings = SimulationSettings.model_validate({"preset": "quick-1", **changes})
    now = _request(Homopolymer.example(), settings, 3, kind.of(settings))
    before = copy.deepcopy(now)
    for section, names in LATER.items():
        for name in names:
            before.get(section, {}).pop(name, None)
    return before, now


@pytest.mark.parametrize("protocol", [Equilibrated, HeatFlow])
def test_a_request_without_later_settings_is_the_same(protocol: type[Any]) -> None:
    before, now = requests(protocol)
    assert before != now
    assert _same(before, now)
    assert not _same({**before, "seed": 4}, now)
    assert not _same({**before, "protocol": {**before["protocol"], "melt_ps": 1.0}}, now)
    assert not _same(None, now)


def test_a_later_setting_that_is_not_its_default_is_another_request() -> None:
    before, now = requests(Equilibrated, protocol={"melt_above_transition_K": 250.0})
    assert not _same(before, now)
    before, now = requests(HeatFlow, protocols={"heat_flow": {"frame_interval_ps": 1.0}})
    assert not _same(before, now)
