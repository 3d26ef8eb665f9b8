"""`designer export --parameters`: one row for each simulated polymer."""

import csv
import json
from pathlib import Path

import pytest

from designer import Campaign, CampaignConfig
from designer.cli.main import run
from mdcore.chem import Measurement
from mdcore.chem.parameter_distributions import PARAMETERS, parameter_columns, parameter_descriptors

VALUES = {"*CC*": 0.9, "*CC(*)C": 0.86}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A campaign with two simulated polymers, one value from elsewhere, and different properties."""
    document = {
        "name": "trial",
        "folder": str(tmp_path),
        "objectives": [{"property": "density"}],
        "stop": {"evaluations": 9},
    }
    with Campaign(CampaignConfig.model_validate(document)) as campaign:
        for psmiles, value in (VALUES | {"*CCO*": 1.12}).items():
            record = campaign.store.propose(
                key=psmiles, psmiles=psmiles, origin="given", log_prior=None, in_corpus=True, step="initial",
                settings_digest=campaign.config.settings_digest(), acquisition=None, predicted={},
            )  # fmt: skip
            campaign.store.start(record.id)
            measured = [Measurement("density", value, 0.01, "g/cm3", "md-quick-2", {})]
            if psmiles == "*CC(*)C":
                measured.append(Measurement("refractive_index", 1.5, 0.02, "1", "md-quick-2", {}))
            diagnostics = {
                "parameters": parameter_descriptors(
                    {name: [grid.low + 0.1 * value] for name, grid in PARAMETERS.items()}
                )
            }
            campaign.store.finish(
                record.id, tuple(measured), worker="w", wall_s=1.0, diagnostics=diagnostics if psmiles in VALUES else {}, provenance={}
            )  # fmt: skip
    return tmp_path / "store.sqlite"


def test_each_simulated_polymer_is_one_row_with_named_columns(store: Path, tmp_path: Path) -> None:
    assert run(["export", str(store), "--parameters", "--out", str(tmp_path / "table.csv")]) == 0
    with (tmp_path / "table.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["psmiles"] for row in rows] == list(VALUES)
    assert tuple(rows[0])[-len(parameter_columns()) :] == parameter_columns()
    for row, value in zip(rows, VALUES.values(), strict=True):
        assert float(row["density (g/cm3)"]) == value
        assert float(row["charge_e_mean"]) == pytest.approx(-0.6 + 0.1 * value)
    assert [row["refractive_index"] for row in rows] == ["", "1.5"]


def test_other_formats_hold_the_same_rows(store: Path, tmp_path: Path) -> None:
    import pyarrow.parquet

    for form in ("json", "parquet"):
        assert run(["export", str(store), "--parameters", "--out", str(tmp_path / f"table.{form}")]) == 0
    document = json.loads((tmp_path / "table.json").read_text())
    table = pyarrow.parquet.read_table(tmp_path / "table.parquet")
    assert table.to_pylist() == document["rows"]
    assert document["columns"] == table.column_names
    assert str(table.schema.field("bond_length_angstrom_mean").type) == "double"


def test_two_tables_at_once_are_refused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(store), "--parameters", "--corrections"]) == 2
    assert "different tables" in capsys.readouterr().err
