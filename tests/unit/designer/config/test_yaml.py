"""Campaign files with the mistakes that people make: one line that says what to write."""

import time
from pathlib import Path

import pytest

from designer.config import load_config
from designer.config.campaign import MAX_OBJECTIVES
from designer.errors import InvalidConfig

BASE = "name: t\nobjectives: [{property: density}]\nstop: {evaluations: 2}\n"
LISTED = BASE + "initial:\n  kind: list\n  psmiles:\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)
)
MISTAKES: dict[str, tuple[str, str]] = {
    "alias": (LISTED + "    - *CC*\n", "line 7, column 10: text that starts with * is an alias in YAML; put"),
    "alias in a list": (BASE + "initial: {kind: list, psmiles: [*OCCO*, *CO*]}\n", "in quotes: '*OCCO*'"),
    "branched alias": (LISTED + "    - *CC(*)c1ccccc1\n", "in quotes: '*CC(*)c1ccccc1'"),
    "bracketed stars": (LISTED + "    - [*]CC[*]\n", "in quotes: '[*]CC[*]'"),
    "typographic quotes": (LISTED + "    - \u201c*CC*\u201d\n", "write '*CC*'"),
    "decimal comma": (BASE + "limits:\n - property: density\n   low: 1,05\n", "limits[0].low: '1,05' is not a number; write 1.05"),
    "decimal comma in braces": (BASE + "limits: [{property: density, low: 1,5}]\n", "numbers with a decimal point"),
    "zero behind a comma": (BASE + "limits: [{property: density, low: 1,05}]\n", "decimal comma, use a decimal point"),
    "name with blanks": (BASE.replace("name: t", "name: my first campaign"), "write 'my-first-campaign'"),
    "no name": (BASE.replace("name: t", "name:"), "name: nothing is not text"),
    "date as a name": (BASE.replace("name: t", "name: 2024-01-01"), "name: 2024-01-01 is not text; put it in quotes"),
    "nan": (BASE + "limits: [{property: density, low: .nan}]\n", "limits[0].low: nan is not a finite number"),
    "infinity": (BASE + "limits: [{property: density, low: 1, high: .inf}]\n", "limits[0].high: inf is not a finite number"),
    "infinite time": (BASE.replace("evaluations: 2", "wall_time_h: .inf"), "stop.wall_time_h: inf is not a finite number"),
    "infinite score": (BASE + "constraints: {sa_score: .inf}\n", "constraints.sa_score: inf"),
    "infinite optimism": (BASE + "acquisition: {optimism: .inf}\n", "acquisition.optimism: inf"),
    "power": (BASE + "seed: 10^30\n", "seed: '10^30' is not a whole number; write a smaller number, in digits"),
    "small power": (BASE + "seed: 10^3\n", "write 1000"),
    "exponent": (BASE + "seed: 1e6\n", "write 1000000"),
    "huge": (BASE + "seed: 1" + "0" * 30 + "\n", "seed must be below 9223372036854775808"),
    "huge for PostgreSQL": (BASE + "seed: 3000000000\nstore: postgresql://h/d\n", "seed must be below 2147483648"),
    "unit": (BASE + "simulation: {protocol: {temperature_K: 300 K}}\n", "temperature_K: '300 K' is not a number; write the number"),
    "per cent": (BASE + "cluster: {workers: 50%}\n", "write the number alone, 50"),
    "tab": (BASE + "limits:\n\t- property: density\n", "line 5, column 1: YAML is indented with spaces, not tabs"),
    "two documents": (BASE + "---\n" + BASE, "starts a second document"),
    "second colon": (BASE + "folder: a: b\n", "line 4, column 10: a second `:` in a line"),
    "open quote": (BASE + "folder: 'abc\n", "is not closed"),
    "open brace": (BASE + "limits: [{property: density, low: 1]\n", "close the bracket"),
    "Python": (BASE + "folder: !!python/object/apply:os.system [ls]\n", "tags such as !!python are not supported"),
    "empty": ("", "contains nothing instead of a mapping"),
    "list": ("- a\n", "contains a list instead of a mapping"),
    "number as a key": (BASE + "5: 3\n", "the key 5 is not a name"),
    "nested": (BASE + "folder: " + "[" * 5000, "nested too deeply"),
    "aliases of aliases": (LAUGHS + BASE, "more than 100000 values"),
    "alias of itself": (BASE + "constraints: &a {forbidden: *a}\n", "an alias refers to itself"),
    "not UTF-8": (BASE + "folder: caf\udce9\n", "line 4 is not UTF-8 text"),
    "large": (BASE + "# " + "x" * 1_000_001, "has at most 1000000"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "fragment"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_that_says_what_to_write(tmp_path: Path, text: str, fragment: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InvalidConfig) as caught:
        load_config(path)
    assert fragment in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_every_mistake_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "name: a b\nseed: -1\nobjectives: [{property: densty}]\nstop: {evaluations: 0, wall_time_h: x}\nlimts: 3\n"
    )
    with pytest.raises(InvalidConfig) as caught:
        load_config(path)
    text = str(caught.value)
    assert "6 errors: (1) unknown key 'limts'; did you mean 'limits'? (2) name: 'a b'" in text
    for place in ("seed: -1", "objectives[0].property", "stop.evaluations: 0", "stop.wall_time_h: 'x' is not a number"):
        assert place in text
    # An objective is given; that it is wrong does not mean that none is.
    assert "at least 1 item" not in text


def test_a_mark_and_utf_16_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "c.yaml").write_text(BASE, encoding=encoding)
        assert load_config(tmp_path / "c.yaml").name == "t"


def test_more_objectives_than_the_hypervolume_allows_are_refused(tmp_path: Path) -> None:
    names = ["density", "refractive_index", "abbe_number", "radius_of_gyration", "isothermal_compressibility"]
    path = tmp_path / "c.yaml"
    for n in (MAX_OBJECTIVES, MAX_OBJECTIVES + 1):
        listed = ", ".join(f"{{property: {name}}}" for name in names[:n])
        path.write_text(f"name: t\nobjectives: [{listed}]\nstop: {{evaluations: 2}}\n")
        if n == MAX_OBJECTIVES:
            assert len(load_config(path).objectives) == n
            continue
        with pytest.raises(InvalidConfig, match="at most 4 objectives are supported"):
            load_config(path)


def test_a_limit_of_objectives_is_where_choices_take_minutes() -> None:
    """With as many objectives as are allowed, 30 points of a front are divided in a second or so."""
    import numpy as np

    from surrogates.boxes import boxes_of

    points = np.abs(np.random.default_rng(1).normal(size=(30, MAX_OBJECTIVES)))
    points /= np.linalg.norm(points, axis=1)[:, None]
    begun = time.process_time()
    lower, upper = boxes_of(points, np.full(MAX_OBJECTIVES, -0.05))
    assert len(lower) == len(upper) > 100
    assert time.process_time() - begun < 10
