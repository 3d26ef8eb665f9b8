"""What the commands print with `--json` does not change unawares."""

from pathlib import Path

import pytest
from golden_json import COMMANDS, HERE, answers, frozen

pytestmark = pytest.mark.seconds(20)

SLOW = ("simulate",)


def check(names: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Compare documents with the frozen ones; return the names of those that were compared."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = answers(folder.resolve(), names)
    for name, answer in found.items():
        same(answer, frozen(name), name)
    return set(found)


def same(found: object, expected: object, place: str) -> None:
    """Compare documents; numbers up to the rounding errors of another processor."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), place
        assert set(found) == set(expected), place
        for key, value in expected.items():
            same(found[key], value, f"{place}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, list), place
        assert len(found) == len(expected), place
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            same(one, other, f"{place}[{number}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-12), place
    else:
        assert found == expected, place
        assert type(found) is type(expected), place


def test_every_document_is_frozen() -> None:
    assert {path.stem for path in HERE.iterdir()} == set(COMMANDS)


def test_documents_are_as_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = tuple(name for name in COMMANDS if name not in SLOW)
    assert check(quick, tmp_path, monkeypatch) == set(quick)


@pytest.mark.slow
def test_the_document_of_a_simulation_is_as_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(SLOW, tmp_path, monkeypatch) == set(SLOW)


def test_a_changed_document_is_noticed() -> None:
    document = frozen("status")
    for key, value in (("campaign", "other"), ("wanted", 9.0), ("unmerged_bytes", None)):
        with pytest.raises(AssertionError, match=key):
            same(document["answer"] | {key: value}, document["answer"], "status")
