"""Tables of known data: mapping, units, sentinels, bad rows, and their way into a store and a campaign."""

import json
from pathlib import Path

import numpy as np
import pytest

from designer import Campaign, CampaignConfig
from designer.campaign.likelihood import within_limits
from designer.campaign.observations import observations_of
from designer.campaign.proposer import BayesianProposer
from designer.cli.main import run
from designer.data import parse_columns, read_table
from designer.data.units import conversion
from designer.errors import InvalidConfig, InvalidRequest
from designer.store import create_store, imported_records, open_store
from mdcore.chem import RepeatUnit
from surrogates import Constraint

TABLE = """id,SMILES,Cp,Cp_err,density,bulk_modulus,note
a,*CC*,2000,20,0.85,2e9,"with, comma"
b,*C(*)C,1900,,0.86,3e9,
c,*OCC*,-9999,,1.12,2e9,
d,CC,1800,,1.0,2e9,no stars
e,*CC(*)Cl,fast,,1.3,2e9,
f,*CC(*)F,1500,,1.2
g,*CCO*,1750,10,nan,2e9,twin of c
h,*CC(*)C#N,,,,,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "known.csv"
    path.write_text("\ufeff" + TABLE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("unit", "name", "value", "expected"),
    [
        ("J/kg/K", "heat_capacity_cp", 1340.0, 1.34),
        ("kg/m3", "density", 1050.0, 1.05),
        ("degC", "glass_transition_temperature", 100.0, 373.15),
        ("1e-4/K", "linear_thermal_expansion", 0.7, 7e-5),
        ("1e-4 1/K", "linear_thermal_expansion", 0.7, 7e-5),
        ("1/Pa", "isothermal_compressibility", 4e-10, 0.4),
        ("m^2 s^-1", "self_diffusion", 1e-12, 1e-8),
        ("%", "fractional_free_volume", 16.0, 0.16),
        ("angstrom", "radius_of_gyration", 12.0, 1.2),
    ],
)
def test_units_are_converted(unit: str, name: str, value: float, expected: float) -> None:
    assert conversion(unit, name).value(value) == pytest.approx(expected, rel=1e-9)


def test_an_error_is_scaled_and_not_shifted() -> None:
    assert conversion("degC", "glass_transition_temperature").error(5.0) == pytest.approx(5.0)
    assert conversion("J/kg/K", "heat_capacity_cp").error(20.0) == pytest.approx(0.02)


@pytest.mark.parametrize("unit", ["K", "foo", "/", "2"])
def test_a_unit_that_cannot_be_converted_is_named(unit: str) -> None:
    with pytest.raises(InvalidRequest, match=f"unit '{unit}' .*g/cm3"):
        conversion(unit, "density")


def test_every_row_is_used_or_told(table: Path) -> None:
    found = read_table(table, parse_columns(["Cp=heat_capacity_cp:J/kg/K", "Cp_err=heat_capacity_cp_stderr:J/kg/K"]))
    assert [row.line for row in found.rows] == [2, 3, 4, 6, 8, 9]
    assert dict(found.rows[0].values) == {"heat_capacity_cp": 2.0, "density": 0.85}
    assert dict(found.rows[0].stderrs) == {"heat_capacity_cp": pytest.approx(0.02)}
    assert found.rows[2].failed == ("heat_capacity_cp",)
    assert dict(found.rows[2].values) == {"density": 1.12}
    # A bad cell costs the row this cell alone.
    assert dict(found.rows[3].values) == {"density": 1.3}
    assert [(c.line, c.column, c.text) for c in found.bad_cells] == [(6, "Cp", "Cp 'fast' is not a number")]
    assert found.rows[4].unit.key == found.rows[2].unit.key
    assert not found.rows[5].values
    assert [row.line for row in found.bad] == [5, 7]
    for row, fragment in zip(found.bad, ("exactly two", "the row has 5 cells"), strict=True):
        assert fragment in row.text
    assert "bulk_modulus" in found.notes[0]
    assert found.properties == ("heat_capacity_cp", "density")


def test_a_column_in_a_wrong_unit_is_refused(table: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"'Cp' in J/g/K has the median 1900.*give its unit"):
        read_table(table, parse_columns(["Cp=heat_capacity_cp"]))
    given = read_table(table, parse_columns(["bulk_modulus=bulk_modulus:Pa"]))
    assert given.rows[0].values["bulk_modulus"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("columns", "fragment"),
    [
        (["Cp"], "is not a mapping; write it as"),
        (["Cp=heat_capacity"], "did you mean heat_capacity_cp"),
        (["x=density", "y=density"], "second column"),
        (["Cp_err=heat_capacity_cp_stderr"], "needs a column of heat_capacity_cp"),
        (["absent=density"], "column 'absent' is not in the file"),
    ],
)
def test_bad_mappings_are_one_line(
    table: Path, tmp_path: Path, columns: list[str], fragment: str, capfd: pytest.CaptureFixture[str]
) -> None:
    options = [word for text in columns for word in ("--column", text)]
    store = tmp_path / "store.sqlite"
    assert run(["import", str(table), str(store), "--fidelity", "md-gaff2", *options]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert fragment in err
    assert err.count("\n") == 1
    assert not store.exists()


def imports(table: Path, store: Path, *more: str) -> list[str]:
    columns = ["--column", "Cp=heat_capacity_cp:J/kg/K", "--column", "Cp_err=heat_capacity_cp_stderr:J/kg/K"]
    return ["import", str(table), str(store), "--fidelity", "md-gaff2", *columns, *more]


def test_import_tells_counts_and_bad_rows(table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store.sqlite"
    assert run(imports(table, store, "--json")) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["rows"], document["used"], document["empty"]) == (8, 5, 1)
    assert [row["line"] for row in document["left_out"]] == [5, 7]
    assert [(c["line"], c["column"]) for c in document["cells_left_out"]] == [(6, "Cp")]
    assert document["properties"]["heat_capacity_cp"] == {
        "values": 3, "failures": 1, "lowest": 1.75, "highest": 2.0, "unit": "J/g/K",
    }  # fmt: skip
    assert document["added"] == 8
    # The same file again adds nothing; other content under its name is refused until it may replace the first.
    assert run(imports(table, store)) == 0
    out = capfd.readouterr().out
    assert "0 added" in out
    assert "line 6 one cell left out: Cp 'fast' is not a number" in out
    table.write_text(TABLE.replace("2000,20", "2100,20"))
    assert run(imports(table, store)) == 2
    assert "--replace" in capfd.readouterr().err
    assert run(imports(table, store, "--replace")) == 0
    engine = open_store(f"sqlite:///{store}")
    values = {r.psmiles: r.value for r in imported_records(engine) if r.property == "heat_capacity_cp"}
    engine.dispose()
    assert len(values) == 4
    assert max(v for v in values.values() if v) == pytest.approx(2.1)
    capfd.readouterr()
    assert run(imports(table, tmp_path / "other.sqlite", "--strict")) == 2
    assert "2 rows and 1 cell cannot be used, the first is line 5" in capfd.readouterr().err
    assert not (tmp_path / "other.sqlite").exists()


def configuration(folder: Path, **changes: object) -> CampaignConfig:
    document = {
        "name": "trial",
        "folder": str(folder),
        "objectives": [{"property": "density"}],
        "initial": {"kind": "list", "psmiles": ["*CC*"]},
        "corpus": {"reactions": False},
        "generator": {"pool": 40},
        "stop": {"evaluations": 3},
        **changes,
    }
    return CampaignConfig.model_validate(document)


def fluorinated_and_not() -> str:
    """Densities that rise with fluorine, at another level than the campaign's own."""
    sides = ["C", "CC", "CCC", "CCCC", "C(C)C", "OC", "OCC", "C(=O)OC"]
    fluorinated = ["F", "C(F)(F)F", "C(F)(F)C(F)(F)F", "OC(F)(F)F", "OC(F)(F)C(F)(F)F"]
    rows = [f"*CC(*){s},{0.85 + 0.001 * i}" for i, s in enumerate(sides)]
    rows += [f"*CC(*){s},{1.7 + 0.001 * i}" for i, s in enumerate(fluorinated)]
    rows += [f"*CC(*)(C){s},{1.6 + 0.001 * i}" for i, s in enumerate(fluorinated)]
    return "\n".join(["psmiles,density", *rows]) + "\n"


def test_imported_data_reach_the_surrogates_and_the_choice(tmp_path: Path) -> None:
    data = tmp_path / "gaff2.csv"
    data.write_text(fluorinated_and_not())
    config = configuration(tmp_path / "run", novelty="allowed")
    assert run(["import", str(data), str(config.store_url()), "--fidelity", "md-gaff2"]) == 0
    campaign = Campaign(config)
    imported = imported_records(campaign.store.engine)
    assert len(imported) == 18
    proposer = BayesianProposer(config, imported=imported)
    informed = proposer._learn((), (), 1)
    assert (informed.fidelity, set(informed.observations.fidelities)) == (config.fidelity(), {"md-gaff2"})
    light, dense = (RepeatUnit.from_psmiles(t) for t in ("*CC(*)CCCCC", "*CC(*)C(F)(F)C(F)(F)C(F)(F)F"))
    prediction = informed.predict([light, dense]).mean[:, 0]
    assert prediction[1] > prediction[0] + 0.3
    # One simulated unit determines the offset between the two levels of simulation.
    record = campaign.store.propose(
        key="*C*", psmiles="*CC*", origin="given", log_prior=None, in_corpus=True, step="initial",
        settings_digest=config.settings_digest(), acquisition=None, predicted={},
    )  # fmt: skip
    campaign.store.close()
    chosen = proposer.propose(2, (record,), {record.key})
    predicted = [p.predicted["density"].mean for p in chosen]
    assert min(predicted) > 1.2


def test_known_rows_of_the_own_fidelity_are_never_chosen_and_failures_are_failures(tmp_path: Path) -> None:
    engine = create_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    data = tmp_path / "own.csv"
    data.write_text("psmiles,density,refractive_index\n*CC*,0.9,1.5\n*CCO*,-9999,1.45\n*CC(*)C,0.88,-9999\n")
    assert run(["import", str(data), str(tmp_path / "s.sqlite"), "--fidelity", "md-quick-2"]) == 0
    found = observations_of(
        (), ("density", "refractive_index"), "md-quick-2", imported_records(engine), needed=("density",)
    )
    engine.dispose()
    assert found.failed.sum() == 1
    assert found.units[int(np.flatnonzero(found.failed)[0])].key == RepeatUnit.from_psmiles("*CCO*").key
    assert found.measured("density").sum() == 2
    assert found.measured("refractive_index").sum() == 2


def test_a_limit_needs_data_or_simulation(tmp_path: Path) -> None:
    limits = [{"property": "glass_transition_temperature", "low": 350}]
    campaign = Campaign(configuration(tmp_path / "run", limits=limits))
    with pytest.raises(InvalidConfig, match="neither simulated nor in the known data"):
        campaign._ensure_proposer()
    campaign.store.close()


def test_limits_cut_the_regions_that_steer_the_generator() -> None:
    limits = (Constraint("density", low=1.0), Constraint("glass_transition_temperature", low=350.0))
    cut = within_limits([{"density": (None, 1.2)}, {"density": (1.1, None)}, {"density": (None, 0.9)}, {}], limits)
    above = {"glass_transition_temperature": (350.0, None)}
    assert cut == (
        {"density": (1.0, 1.2), **above},
        {"density": (1.1, None), **above},
        {"density": (1.0, None), **above},
    )
    # Where the limits leave nothing of any region, they are all that steers.
    assert within_limits([{"density": (None, 0.9)}], limits) == ({"density": (1.0, None), **above},)
