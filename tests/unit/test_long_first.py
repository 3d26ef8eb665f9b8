"""Long modules begin first, and no test is lost."""

from long_first import long_first

SECONDS = {"a": 0, "b": 30, "c": 0, "d": 100, "e": 80, "f": 0}


def test_the_longest_module_begins_and_short_ones_keep_their_order() -> None:
    items = [f"{module}{number}" for module in SECONDS for number in range(6)]
    found = long_first(items, lambda item: item[0], lambda item: SECONDS[item[0]])
    assert [item[0] for item in found[::6]] == ["d", "e", "b", "a", "c", "f"]
    assert sorted(found) == sorted(items)
    for module in SECONDS:  # the tests of a module stay together and in order
        own = [item for item in items if item[0] == module]
        start = found.index(own[0])
        assert found[start : start + 6] == own


def test_a_module_is_long_if_one_of_its_tests_says_so() -> None:
    found = long_first(["a1", "a2", "b1", "b2"], lambda item: item[0], lambda item: 5.0 if item == "b2" else 0.0)
    assert found == ["b1", "b2", "a1", "a2"]
