"""Tables in the forms in which people have them: read, or refused by a line that names the cause."""

import io
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from designer import Campaign, CampaignConfig
from designer.data import parse_columns, read_table
from designer.errors import InvalidRequest
from designer.results import read_rows
from designer.store import imported_records
from generators.errors import InvalidList
from generators.lists import read_list
from generators.sheets import read_sheet

POINTS = [("*CC*", "0.85", "195.5"), ("*CC(*)C", "0.9", "260"), ("*CC(*)c1ccccc1", "1.05", "")]
HEADING = ("psmiles", "density", "glass_transition_temperature")
VALUES = [
    {"density": 0.85, "glass_transition_temperature": 195.5},
    {"density": 0.9, "glass_transition_temperature": 260.0},
    {"density": 1.05},
]


def text(separator: str, decimal: str = ".", end: str = "\n") -> str:
    rows = [HEADING, *((a, b.replace(".", decimal), c.replace(".", decimal)) for a, b, c in POINTS)]
    return "".join(separator.join(row) + end for row in rows)


def workbook(path: Path, **sheets: list[tuple[object, ...]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def values_of(path: Path) -> list[dict[str, float]]:
    table = read_table(path)
    assert not table.told
    return [dict(row.values) for row in table.rows]


@pytest.mark.parametrize(
    "content",
    [
        text(",").encode(),
        b"\xef\xbb\xbf" + text(",").encode(),
        text(";", ",").encode(),
        text(";", ".").encode(),
        text("\t", ",", "\r\n").encode(),
        text("\t").encode("utf-16"),
        ("sep=;\r\n" + text(";", ",", "\r\n")).encode(),
        ("sep=|\n" + text("|")).encode(),
        ("\n\n" + text(",")).encode(),
        text(",").replace("\n", ",\n").encode(),
        text(",").replace("*CC*", " *CC*\u2028 ").replace("0.9", "\u00a00.9\u200b").encode(),
    ],
    ids=["plain", "mark", "decimal-comma", "semicolon", "tab", "utf-16", "sep", "bar", "blank-lines", "trailing", "unseen"],
)  # fmt: skip
def test_text_in_every_usual_form_reads_alike(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "known.csv"
    path.write_bytes(content)
    assert values_of(path) == VALUES
    assert [entry.smiles for entry in read_list(path)] == [row[0] for row in POINTS]


def test_excel_parquet_and_frames_read_alike(tmp_path: Path) -> None:
    rows = [(a, float(b), float(c) if c else None) for a, b, c in POINTS]
    book = workbook(tmp_path / "known.xlsx", Notes=[("made by hand",)], Data=[HEADING, *rows])
    frame = pd.DataFrame(rows, columns=HEADING)
    frame.to_parquet(tmp_path / "known.parquet")
    assert values_of(book) == values_of(tmp_path / "known.parquet") == VALUES
    for source in (frame, frame.set_index("psmiles")):
        assert [dict(row.values) for row in read_table(source).rows] == VALUES
    assert [entry.smiles for entry in read_list(book)] == [row[0] for row in POINTS]
    assert read_table(frame).path == Path("DataFrame")


def test_a_bad_cell_costs_its_row_this_cell_alone(tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    lines = ["psmiles,density,glass_transition_temperature,refractive_index"]
    lines += ["*CC*,#N/A,195,1.49", "*CC(*)C,#DIV/0!,260,1.47", "*CCO*,1.12,n.d.,", "*C(*)F,,fast,"]
    path.write_text("\n".join(lines))
    table = read_table(path)
    kept = [dict(row.values) for row in table.rows]
    assert kept[0] == {"glass_transition_temperature": 195.0, "refractive_index": 1.49}
    assert kept[1] == {"glass_transition_temperature": 260.0, "refractive_index": 1.47}
    assert kept[2] == {"density": 1.12}
    assert [(cell.line, cell.column) for cell in table.bad_cells] == [
        (3, "density"), (4, "glass_transition_temperature")
    ]  # fmt: skip
    # Nothing is left of the last row.
    assert [row.line for row in table.bad] == [5]
    assert str(table.told[0]) == "line 3 one cell left out: density '#DIV/0!' is not a number"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["*CC*;0,85", "*CC(*)C;1,050"], [0.85, 1.05]),
        (["*CC*;1,050", "*CC(*)C;1,020"], [1.05, 1.02]),
        (['*CC*,"0,85"', '*CC(*)C,"1,05"'], [0.85, 1.05]),
        (["*CC*;0.85", "*CC(*)C;1,05"], [0.85, None]),
        (['*CC*,"1,050"', '*CC(*)C,"1,020"'], [None, None]),
        (["*CC*\t1,050", "*CC(*)C\t1,020"], [None, None]),
    ],
)
def test_a_comma_is_decimal_only_where_the_file_shows_it(
    tmp_path: Path, rows: list[str], expected: list[float | None]
) -> None:
    separator = next(sign for sign in ";\t," if sign in rows[0])
    path = tmp_path / "known.csv"
    path.write_text("\n".join([f"psmiles{separator}density", *rows]))
    table = read_table(path)
    found = {row.line: row.values["density"] for row in table.rows if row.values}
    assert [found.get(line) for line in (2, 3)] == expected
    for row in table.told:
        assert "decimal point" in row.text


REFUSED: list[tuple[bytes, str]] = [
    (b"", "is empty"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
    (b"\x1f\x8b\x08\x00", "unpack it"),
    (b"PK\x03\x04broken", "damaged archive"),
    (b"PAR1broken", "damaged Parquet"),
    (b"psmiles,density\n*CC*,0.85 \xb1\n", "not UTF-8 text (line 2: byte 0xb1)"),
    (b"psmiles,density\n*CC*,0.85\0\n", "zero byte in line 2"),
    (b'psmiles,density\n"*CC*,0.85\n', "line 2 is not valid CSV"),
    (b'[{"psmiles": "*CC*", "density": 0.85}]', "is JSON"),
    (b"<html><table>", "HTML"),
    (b"psmiles,density,density\n*CC*,1,2\n", "'density' occurs twice"),
]


@pytest.mark.parametrize(("content", "fragment"), REFUSED)
def test_what_is_no_table_is_refused_by_its_cause(tmp_path: Path, content: bytes, fragment: str) -> None:
    path = tmp_path / "known.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        read_table(path)
    assert fragment in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_workbooks_that_leave_open_what_is_meant_are_refused(tmp_path: Path) -> None:
    data = [HEADING, POINTS[0]]
    with pytest.raises(InvalidList, match=r"2 non-empty sheets \(A, B\).*as a separate file"):
        read_sheet(workbook(tmp_path / "two.xlsx", A=data, B=data))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("content.xml", "")
    (tmp_path / "table.ods").write_bytes(archive.getvalue())
    with pytest.raises(InvalidList, match=r"OpenDocument.*\.xlsx or CSV"):
        read_sheet(tmp_path / "table.ods")
    # A formula that no program has computed yet is a bad cell, not an empty one.
    book = workbook(tmp_path / "formula.xlsx", A=[("psmiles", "density"), ("*CC*", "=0.4+0.45")])
    assert "density '=0.4+0.45' is not a number" in read_table(book).bad[0].text


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("a.xlsx", "openpyxl", "excel"), ("a.parquet", "pyarrow", "parquet")]
)
def test_a_missing_reader_names_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    workbook(tmp_path / "a.xlsx", A=[HEADING, POINTS[0]])
    pd.DataFrame({"psmiles": ["*CC*"]}).to_parquet(tmp_path / "a.parquet")
    for loaded in [found for found in sys.modules if found.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InvalidList, match=rf"pip install 'polymer-designer\[{extra}\]'"):
        read_sheet(tmp_path / name)


def test_results_are_told_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "told.csv").write_text("\ufeffsep=;\ncandidate;property;value\n1;refractive_index;1,52\n2;;\n")
    assert read_rows(tmp_path / "told.csv") == [
        (3, {"candidate": "1", "property": "refractive_index", "value": "1.52"}),
        (4, {"candidate": "2", "property": "", "value": ""}),
    ]
    frame = pd.DataFrame({"candidate": [1.0, None], "value": [1.52, None], "property": ["refractive_index", None]})
    assert read_rows(frame) == [(2, {"candidate": "1", "value": "1.52", "property": "refractive_index"})]
    frame.to_excel(tmp_path / "told.xlsx", index=False)
    assert read_rows(tmp_path / "told.xlsx") == read_rows(frame)


def test_a_campaign_takes_a_frame_of_known_data(tmp_path: Path) -> None:
    document = {
        "name": "t", "folder": str(tmp_path), "objectives": [{"property": "density"}], "stop": {"evaluations": 2}
    }  # fmt: skip
    campaign = Campaign(CampaignConfig.model_validate(document))
    frame = pd.DataFrame({"SMILES": ["*CC*", "CC"], "rho": [850.0, 900.0]})
    table = campaign.add_known(frame, "experiment", columns=["rho=density:kg/m3"])
    assert [row.line for row in table.told] == [3]
    found = imported_records(campaign.store.engine)
    assert [(r.key, r.value, r.fidelity) for r in found] == [("*C*", pytest.approx(0.85), "experiment")]
    with pytest.raises(InvalidRequest, match=r"DataFrame: no row has a usable value; line 2: rho 'x' is not a number"):
        campaign.add_known(frame.assign(rho=["x", None]), "experiment", columns=["rho=density:kg/m3"])
    campaign.store.close()


def test_columns_given_by_name_choose_the_sheet(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", Info=[("who", "me")], Data=[("Repeat unit", "rho"), ("*CC*", 0.85)])
    table = read_table(book, parse_columns(["rho=density"]), smiles="Repeat unit")
    assert table.rows[0].values == {"density": 0.85}


def test_parquet_files_of_odd_writers(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    # Texts that are not marked as such.
    units = pyarrow.array([b"*CC*", b"*CO*"])
    parquet.write_table(pyarrow.table({"psmiles": units, "density": [0.9, 1.4]}), tmp_path / "bytes.parquet")
    assert [row.unit.psmiles for row in read_table(tmp_path / "bytes.parquet").rows] == ["*CC*", "*CO*"]
    twice = pyarrow.table(
        [pyarrow.array(["*CC*"]), pyarrow.array([0.9]), pyarrow.array([1.9])], ["psmiles", "density", "density"]
    )
    parquet.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(InvalidRequest, match="column 'density' occurs twice"):
        read_table(tmp_path / "twice.parquet")
    coded = pyarrow.table({"psmiles": pyarrow.array(["*CC*", "*CO*"]).dictionary_encode(), "density": [0.9, 1.4]})
    parquet.write_table(coded, tmp_path / "coded.parquet")
    assert [row.values["density"] for row in read_table(tmp_path / "coded.parquet").rows] == [0.9, 1.4]
