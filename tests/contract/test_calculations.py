"""What every calculation beside the dynamics does, run over the registry."""

import pytest

from mdcore.calculations import CALCULATIONS, register_calculation
from mdcore.chem.errors import PluginError
from mdcore.optics import FolderCache, OpticsSettings
from mdcore.settings import SimulationSettings
from mdcore.substances import SUBSTANCES, Homopolymer, Substance

NAMES = sorted(CALCULATIONS)
SETTINGS, ADDITIVE = SimulationSettings(), OpticsSettings(kind="additive")


def substances() -> list[Substance]:
    return [kind.example() for kind in SUBSTANCES.values()]


def test_a_name_is_taken_once() -> None:
    taken = CALCULATIONS["molar_refractions"]
    with pytest.raises(PluginError, match="'molar_refractions' is already registered"):
        register_calculation(type("Other", (taken,), {}))


@pytest.mark.parametrize("name", NAMES)
def test_the_keys_of_its_pieces_hold_subject_and_level(name: str) -> None:
    for optics in (ADDITIVE, OpticsSettings(kind="auto")):
        calculation = CALCULATIONS[name].of(SETTINGS, optics)
        assert calculation.level
        for substance in substances():
            pieces = calculation.pieces(substance)
            assert len({piece.key for piece in pieces}) == len(pieces)
            prefixes = calculation.prefixes(substance)
            for piece in pieces:
                assert piece.key.startswith(prefixes[piece.subject])
                assert calculation.level in piece.key


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_not_computed_again(name: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = CALCULATIONS[name]
    calculation, substance = kind.of(SETTINGS, ADDITIVE), Homopolymer.example()
    cache = FolderCache(tmp_path / calculation.folder)
    calculation.check()
    calculation.screen(substance)
    first = calculation.result(substance, cache, None)

    def never(*_: object) -> str:
        raise AssertionError("computed again")

    monkeypatch.setattr(kind, "compute", never)
    assert kind.of(SETTINGS, ADDITIVE).result(substance, cache, None) == first
