"""`designer simulate --out` and `designer fit` replace nothing that would be lost."""

from pathlib import Path

import pytest

from designer.cli.main import run
from mdcore.chem import Measurement, RepeatUnit
from mdcore.measure import SimulationResult, other_simulation
from mdcore.measure.complete import _Job
from mdcore.measure.result import write_result
from mdcore.settings import SimulationSettings

UNIT = RepeatUnit.from_psmiles("*CC(*)c1ccccc1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the result of a quick simulation of polystyrene with seed 1."""
    out = tmp_path / "ps"
    out.mkdir()
    measured = (Measurement("density", 1.0, 0.01, "g/cm3", "md-quick-2", {}),)
    result = SimulationResult(measured, {}, _Job.of(UNIT, SimulationSettings(), 1, ("density",), None).provenance())
    write_result(out / "result.json", "of other properties", result)
    return out


@pytest.mark.parametrize(
    ("arguments", "difference"),
    [
        (["*CC(*)C", "--seed", "1"], "polymer *C(C*)c1ccccc1, not *C(C)C*"),
        (["*CC(*)c1ccccc1", "--seed", "2"], "seed 1, not 2"),
        (["*CC(*)c1ccccc1", "--seed", "1", "--preset", "standard"], "preset quick, not standard"),
        (["*CC(*)c1ccccc1", "--seed", "1", "--set", "cell.atoms_per_chain=60"], "cell.atoms_per_chain 190, not 60"),
    ],
)
def test_another_simulation_is_not_replaced(
    folder: Path, arguments: list[str], difference: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "result.json").read_bytes()
    assert run(["simulate", *arguments, "--out", str(folder)]) == 2
    told = capfd.readouterr().err
    assert f"folder {str(folder)!r} contains another simulation ({difference}); choose another --out" in told
    assert told.count("\n") == 1
    assert (folder / "result.json").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["result.json"]


def test_the_same_simulation_is_gone_on_with(folder: Path, tmp_path: Path) -> None:
    quick = SimulationSettings()
    assert other_simulation(folder, UNIT, quick, 1) is None
    faster = SimulationSettings.model_validate({"execution": {"platform": "CPU"}})
    assert other_simulation(folder, UNIT, faster, 1) is None
    assert other_simulation(tmp_path, UNIT, quick, 1) is None
    assert (
        other_simulation(folder, UNIT, SimulationSettings.model_validate({"replicates": 2}), 1) == "replicates 1, not 2"
    )


def test_a_model_of_other_properties_is_not_replaced(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fits"
    out.mkdir()
    (out / "model.json").write_text('{"properties": ["density"]}')
    data = str(Path(__file__).parents[4] / "docs" / "examples" / "polymers.csv")
    assert run(["fit", data, "--property", "refractive_index", "--out", str(out)]) == 2
    assert (
        "contains a model of density, which would be replaced; choose another folder with --out"
        in capfd.readouterr().err
    )
    assert (out / "model.json").read_text() == '{"properties": ["density"]}'
