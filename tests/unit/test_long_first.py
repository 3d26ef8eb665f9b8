"""Long modules begin first in every process's share, and no test is lost."""

from long_first import dealt

SECONDS = {"a": 0, "b": 30, "c": 0, "d": 100, "e": 80, "f": 0}


def of(processes: int) -> list[str]:
    items = [f"{module}{number}" for module in SECONDS for number in range(6)]
    found = dealt(items, lambda item: item[0], lambda item: SECONDS[item[0]], processes)
    assert sorted(found) == sorted(items)
    for module in SECONDS:  # the tests of a module keep their order
        assert [item for item in found if item[0] == module] == [item for item in items if item[0] == module]
    return found


def test_one_process_begins_with_the_longest() -> None:
    assert [item[0] for item in of(1)[::6]] == ["d", "e", "b", "a", "c", "f"]


def test_every_process_begins_with_its_part_of_the_long_ones() -> None:
    found = of(2)
    assert [item[0] for item in found[:18:6]] == ["d", "a", "c"]
    assert [item[0] for item in found[18::6]] == ["e", "b", "f"]
    assert [share[0][0] for share in (of(3)[:12], of(3)[12:24], of(3)[24:])] == ["d", "e", "b"]
