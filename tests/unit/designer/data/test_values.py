"""Numbers from outside: physical bounds, guesses of units, codes for missing values, spellings."""

import json
from pathlib import Path

import pytest

from designer.cli.main import run
from designer.config import load_config
from designer.config.plain_yaml import plain_value
from designer.data import parse_columns, read_table
from designer.data.units import OTHER_UNITS, conversion
from designer.data.values import checked_stderr, looks_like_a_code
from designer.errors import InvalidConfig
from designer.store import imported_records, open_store
from mdcore.chem import PROPERTIES, property_spec
from mdcore.chem.numbers import parse_number
from mdcore.settings import SimulationSettings

TABLE = """psmiles,density,density_stderr,refractive_index,glass_transition_temperature
*CC*,0.86,0.01,1.49,190
*CC(*)C,-999,,1.47,260
*CC(*)CC,-99,,1.48,-54
*CCO*,-1,,1.46,206
*CCCO*,0,,1.47,189
*CC(*)c1ccccc1,1050,,1.59,373
*CC(*)F,1.3,50,-1.6,
*CC(*)Cl,1_13,,1.54,354
*CC(*)Br,1.3,-0.1,9.99e99,
*CC(*)O,0.62,0.02,1.50,358
*CC(C)(*)C,1050,,1.51,200
*CCS*,1.05,,1.60,220
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "known.csv"
    path.write_text(TABLE)
    return path


EXPECTED = {
    3: ["density -999 g/cm3 is physically impossible (0.3 to 5 g/cm3", "code for a missing value", "--failed -999"],
    4: ["density -99 g/cm3", "code for a missing value"],
    5: ["density -1 g/cm3", "code for a missing value"],
    6: ["density 0 g/cm3", "code for a missing value"],
    7: ["density 1050 g/cm3", "in kg/m3", "--column 'density=density:kg/m3'"],
    8: [
        "density 1.3 with the standard error 50 g/cm3 is uninformative",
        "refractive_index -1.6 is physically impossible",
    ],
    9: ["density '1_13' is not a number; write it without underscores"],
    10: [
        "density_stderr the standard error must be finite and not negative, got -0.1",
        "refractive_index 9.99e+99",
        "code for a missing value",
    ],
    12: ["density 1050 g/cm3", "in kg/m3"],
}


def test_impossible_numbers_are_refused_cell_by_cell_with_what_they_may_be(table: Path) -> None:
    found = read_table(table)
    told: dict[int, str] = {}
    for row in found.told:
        told[row.line] = f"{told.get(row.line, '')} {row.text}"
    for line, fragments in EXPECTED.items():
        for fragment in fragments:
            assert fragment in told[line], told[line]
    assert "degrees Celsius" in told[4]
    assert "--column 'glass_transition_temperature=glass_transition_temperature:degC'" in told[4]
    assert sorted(told) == sorted(EXPECTED)
    densities = {row.line: row.values["density"] for row in found.rows if "density" in row.values}
    assert densities == {2: 0.86, 10: 1.3, 11: 0.62, 13: 1.05}
    assert {row.line: dict(row.stderrs) for row in found.rows if row.stderrs} == {
        2: {"density": 0.01},
        11: {"density": 0.02},
    }
    odd = " ".join(found.unusual)
    assert "column 'density': 1 value outside the usual 0.7 to 2.5 g/cm3 was accepted (0.62; line 11)" in odd
    # The other glass transitions would be possible in degrees Celsius as well: the whole column may be in them.
    assert "1 of its values would be possible in degC, as would all others; check the unit" in odd


def test_import_tells_them_and_takes_the_rest(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store.sqlite"
    assert run(["import", str(table), str(store), "--fidelity", "experiment"]) == 0
    out = capfd.readouterr().out
    assert "one cell left out: density 1050 g/cm3 is physically impossible" in out
    assert "outside the usual" in out
    engine = open_store(f"sqlite:///{store}")
    values = [r.value for r in imported_records(engine) if r.property == "density"]
    engine.dispose()
    assert sorted(values) == [0.62, 0.86, 1.05, 1.3]
    assert run(["import", str(table), str(tmp_path / "b.sqlite"), "--fidelity", "experiment", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert len(document["unusual"]) == 2
    assert run(["import", str(table), str(tmp_path / "c.sqlite"), "--fidelity", "x", "--failed", "-999"]) == 0
    assert "density: 4 values, 0.62 to 1.3 g/cm3, 1 failure" in capfd.readouterr().out


def test_a_column_in_another_unit_names_that_unit(tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    path.write_text("psmiles,rho\n*CC*,860\n*CCO*,1120\n*CC(*)F,-999\n")
    with pytest.raises(ValueError, match=r"median 990.* --column 'rho=density:kg/m3'"):
        read_table(path, parse_columns(["rho=density"]))
    assert [row.values for row in read_table(path, parse_columns(["rho=density:kg/m3"])).rows] == [
        {"density": pytest.approx(0.86)},
        {"density": pytest.approx(1.12)},
    ]
    # A column that merely bears the name of a property is left out, its bad cells with it.
    path.write_text("psmiles,density,refractive_index\n*CC*,860,1.5\n*CCO*,1120,1.46\n")
    found = read_table(path)
    assert (found.properties, found.told, len(found.notes)) == (("refractive_index",), (), 1)


@pytest.mark.parametrize(
    "number", [0.0, -1.0, -9.0, 99.0, -99.0, 999.0, -999.0, -9999.0, 99.99, 9.99e99, 9.97e36, -1e30]
)
def test_codes_for_missing_values_are_recognised(number: float) -> None:
    assert looks_like_a_code(number)


@pytest.mark.parametrize("number", [1050.0, -54.0, 1.99, -0.86, 0.9, 9.1, 3.0, -1.6])
def test_other_numbers_are_not_taken_for_codes(number: float) -> None:
    assert not looks_like_a_code(number)


def test_every_other_unit_is_one_of_the_same_dimension() -> None:
    for unit, others in OTHER_UNITS.items():
        (spec, *_) = [spec for spec in PROPERTIES.values() if spec.unit == unit]
        assert all(conversion(other, spec.name).scale > 0 for other in others)


def test_a_standard_error_is_judged_beside_its_value() -> None:
    modulus = property_spec("bulk_modulus")
    assert checked_stderr(modulus, 25.0, 100.0) == 25.0
    with pytest.raises(ValueError, match=r"is uninformative: usual values span 19\.7 GPa"):
        checked_stderr(modulus, 25.0, 3.0)
    with pytest.raises(ValueError, match="must be finite"):
        checked_stderr(modulus, float("inf"), 3.0)


@pytest.mark.parametrize(
    ("text", "number"), [("1.5", 1.5), (" -3e-4 ", -3e-4), ("\N{MINUS SIGN}54", -54.0), (".5", 0.5), ("+2.", 2.0)]
)
def test_decimals_are_read(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["1_13", "1_000.5", "1,05", "１.５", "0x10", "1.5 K", "", "e5", "--1"])
def test_nothing_else_is_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text)


@pytest.mark.parametrize("number", ["1_13", "017", "1:30", "'1_13'"])
@pytest.mark.parametrize(
    "place", ["seed: {}", "stop: {{evaluations: {}}}", "simulation: {{protocol: {{sample_ps: {}}}}}"]
)
def test_yaml_numbers_are_what_they_look_like(tmp_path: Path, number: str, place: str) -> None:
    path = tmp_path / "c.yaml"
    more = "" if "stop" in place else "stop: {evaluations: 1}\n"
    path.write_text(f"name: trial\nobjectives: [{{property: density}}]\n{place.format(number)}\n{more}")
    with pytest.raises(
        InvalidConfig, match=r"(is not a plain decimal number|is not a number; write it without underscores)"
    ):
        load_config(path)


def test_a_text_may_look_like_a_number(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: '2024_11'\nobjectives: [{property: density}]\nstop: {evaluations: 1}\n")
    assert load_config(path).name == "2024_11"
    assert plain_value("0x1F") == 31
    with pytest.raises(InvalidConfig, match="1_0 is not a plain decimal number"):
        plain_value("1_0")
    with pytest.raises(ValueError, match="without underscores"):
        SimulationSettings.model_validate({"protocol": {"sample_ps": "1_0"}})


@pytest.mark.parametrize(
    "words",
    [
        ["simulate", "*CC*", "--seed", "1_13"],
        ["simulate", "*CC*", "--set", "protocol.sample_ps=1_0"],
        ["simulate", "*CC*", "*CCO*", "--sequence", "random", "--fractions", "0.5,0_5"],
        ["generate", "--n=1_0"],
        ["generate", "--target", "refractive_index>1_6"],
        ["init", "c.yaml", "--objective", "target:density=1_1"],
        ["import", "x.csv", "s.sqlite", "--fidelity", "a", "--failed", "-9_9"],
        ["backtest", "c.yaml", "--oracle", "x.csv", "--seeds", "2_0"],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_options_take_no_underscores(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "_" in err
    assert not list(tmp_path.iterdir())
