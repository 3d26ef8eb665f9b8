import importlib.metadata
from pathlib import Path

import openmm
import pytest

from designer.cli import doctor

X86 = "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_34_x86_64\n"


class Distribution:
    def __init__(self, wheel):
        self.wheel = wheel

    def read_text(self, name):
        return self.wheel if name == "WHEEL" else None


@pytest.mark.parametrize(
    ("version", "wheel", "slow"),
    [
        ("8.3.1", X86, False),
        ("8.4.0", X86, True),
        ("8.6.1", X86, True),
        ("8.7", X86, False),
        ("8.6.1", X86.replace("x86_64", "aarch64"), False),
        ("8.6.1", None, False),
    ],
)
def test_wheels_without_avx_are_told_from_others(monkeypatch, version, wheel, slow):
    monkeypatch.setattr(openmm.version, "short_version", version)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Distribution(wheel))
    platform = next(item for item in doctor._openmm_platforms() if item.name == "platform CPU")
    assert platform.state == "works"
    assert ("8.3.1" in platform.remedy) == slow


def test_the_pinned_openmm_is_none_of_them(monkeypatch):
    lines = (Path(__file__).parents[4] / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = next(line for line in lines if line.startswith("OpenMM==") and '< "3.14"' in line)
    monkeypatch.setattr(openmm.version, "short_version", pinned.removeprefix("OpenMM==").split(";")[0])
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Distribution(X86))
    assert not doctor._lacks_avx()
