"""What every calculation beside the dynamics does, run over the registry."""

import pytest

from mdcore.calculations import CALCULATIONS, Piece, register_calculation
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
    kind, computed = CALCULATIONS[name], list[str]()

    def compute(_: object, piece: Piece) -> str:
        computed.append(piece.key)
        return f"result of {piece.key}"

    monkeypatch.setattr(kind, "compute", compute)
    for _ in range(2):  # the second time as another process would, from the folder
        calculation = kind.of(SETTINGS, OpticsSettings(kind="dft"))
        pieces = calculation.pieces(Homopolymer.example())
        cache = FolderCache(tmp_path / calculation.folder)
        assert [calculation.ensure(piece, cache) for piece in pieces] == [f"result of {piece.key}" for piece in pieces]
    assert computed == [piece.key for piece in pieces]
    assert computed


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_for_its_example(name: str) -> None:
    calculation, substance = CALCULATIONS[name].of(SETTINGS, ADDITIVE), Homopolymer.example()
    calculation.check()
    calculation.screen(substance)
    assert calculation.result(substance, {}, None) == calculation.result(substance, {}, None)
