"""Every file of a simulation's folder in every state that a fault can leave it in: set aside, noted, and made again."""

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mdcore.chem import Failure, RepeatUnit
from mdcore.chem.damage import damage_report
from mdcore.chem.errors import DamagedFile
from mdcore.dynamics import run
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.checkpoint import Checkpoint
from mdcore.measure import Homopolymer, SimulationResult, build_bundle, simulate
from mdcore.optics import FolderCache
from mdcore.settings import SimulationSettings

pytestmark = pytest.mark.seconds(90)

# The platform Reference repeats itself to the last digit, which that for processors does not.
SETTINGS = SimulationSettings.model_validate(
    {
        "preset": "quick",
        "cell": {"n_chains": 2, "atoms_per_chain": 60, "growth_density_g_cm3": 0.4},
        "force_field": {"cutoff_nm": 0.42, "switch_width_nm": 0.0, "ewald_tolerance": 9e-3},
        "protocol": {
            "max_temperature_K": 300.0,
            "compress_ps": 0.6,
            "melt_ps": 0.1,
            "cool_ps": 0.1,
            "settle_ps": 0.1,
            "sample_ps": 0.5,
            "record_interval_ps": 0.02,
            "max_extensions": 0,
        },
        "execution": {"platform": "Reference", "own_core": False, "checkpoint_interval_s": 1e-6},
    }
)
UNIT, OTHER = RepeatUnit.from_psmiles("*CC*"), RepeatUnit.from_psmiles("*CCO*")
PROPERTIES = ("density", "refractive_index", "radius_of_gyration")
BUNDLE = ("bundle/bundle.json", "bundle/system.xml", "bundle/arrays.npz")
RUN = ("run/checkpoint.npz", "run/series.npz", "run/final.npz", "run/run.json")


def simulated(folder: Path, unit: RepeatUnit = UNIT) -> SimulationResult:
    result = simulate(unit, SETTINGS, seed=1, out=folder, properties=PROPERTIES)
    assert isinstance(result, SimulationResult), result
    return result


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    simulated(folder)
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    simulated(folder, OTHER)
    return folder


class Stop(Exception):
    pass


@pytest.fixture(scope="module")
def interrupted(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose dynamics was stopped in the middle of the sampling."""
    folder = tmp_path_factory.mktemp("interrupted")
    shutil.copytree(whole / "bundle", folder / "bundle")

    def stop(progress: object) -> None:
        if progress.stage == "sample" and progress.stage_fraction > 0.8:  # type: ignore[attr-defined]
            raise Stop

    bundle = SimulationBundle.read(folder / "bundle")
    with pytest.raises(Stop):
        run(bundle, folder / "run", SETTINGS.execution, stop)
    assert (folder / "run/checkpoint.npz").exists()
    return folder


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zeros(path: Path) -> None:
    """What a power cut leaves of a file that was not synchronised."""
    path.write_bytes(bytes(path.stat().st_size))


def garbage(path: Path) -> None:
    path.write_bytes(np.random.default_rng(5).bytes(path.stat().st_size))


def changed(path: Path) -> None:
    """One digit or byte is another, and what it says still makes sense."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    place = next(i for i in range(middle, len(data)) if chr(data[i]).isdigit()) if path.suffix != ".npz" else middle
    data[place] = ord("7") if data[place] != ord("7") else ord("3")
    path.write_bytes(bytes(data))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


STATES = (missing, empty, half, zeros, garbage, changed, a_folder)


def same(result: SimulationResult, folder: Path) -> None:
    """The measurements are those of the undamaged simulation, to the last digit."""
    expected = simulated(folder)
    assert [(m.property, m.value, m.stderr) for m in result.measurements] == [
        (m.property, m.value, m.stderr) for m in expected.measurements
    ]


@pytest.mark.parametrize("state", STATES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", RUN)
def test_a_damaged_file_of_a_finished_run_is_made_again_from_the_others(
    whole: Path, tmp_path: Path, name: str, state: Callable[[Path], None]
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    before = (folder / name).read_bytes()
    state(folder / name)
    hurt = (folder / name).read_bytes() if (folder / name).is_file() else None
    result = simulated(folder)
    same(result, whole)
    if state is missing or name == "run/checkpoint.npz":
        # The checkpoint of a finished run is not needed; a checkpoint that was never written does not count as damage.
        return
    assert before != hurt
    (entry,) = result.diagnostics["damaged_files"]
    assert entry["file"] == name
    assert entry["kept"] == f"{Path(name).name}.damaged"
    kept = folder / f"{name}.damaged"
    assert kept.is_dir() if hurt is None else kept.read_bytes() == hurt
    # What was made again is whole.
    (folder / "result.json").unlink()
    again = simulated(folder)
    assert len(again.diagnostics["damaged_files"]) == 1


@pytest.mark.parametrize("state", STATES, ids=lambda f: f.__name__)
def test_a_damaged_result_is_analysed_again(whole: Path, tmp_path: Path, state: Callable[[Path], None]) -> None:
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)
    state(folder / "result.json")
    result = simulated(folder)
    same(result, whole)
    if state is not missing:
        assert [entry["file"] for entry in result.diagnostics["damaged_files"]] == ["result.json"]
        assert (folder / "result.json.damaged").exists()
    assert simulated(folder) == result


@pytest.mark.parametrize("state", STATES, ids=lambda f: f.__name__)
def test_a_damaged_bundle_is_built_again_and_its_run_goes_on(
    whole: Path, interrupted: Path, tmp_path: Path, state: Callable[[Path], None]
) -> None:
    """The bundle that is built again has the same content, so the checkpoint of the run stays valid."""
    folder = tmp_path / "own"
    shutil.copytree(interrupted, folder)
    # Each state of each of the three files would build as often; the states take turns.
    name = BUNDLE[STATES.index(state) % len(BUNDLE)]
    state(folder / name)
    result = simulated(folder)
    same(result, whole)
    assert result.diagnostics["resumed"] == 1
    (entry,) = result.diagnostics["damaged_files"]
    assert entry["file"] == ("bundle/bundle.json" if name == BUNDLE[0] and state is missing else "bundle")
    assert SimulationBundle.read(folder / "bundle").content_hash == SimulationBundle.read(whole / "bundle").content_hash


@pytest.mark.parametrize("name", BUNDLE)
@pytest.mark.parametrize("state", STATES, ids=lambda f: f.__name__)
def test_no_state_of_a_bundle_is_taken_for_a_whole_one(
    whole: Path, tmp_path: Path, name: str, state: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:

    folder = tmp_path / "bundle"
    shutil.copytree(whole / "bundle", folder)
    state(tmp_path / name)

    class Rebuilt(Exception):
        pass

    def grow(*_: object) -> None:
        raise Rebuilt

    monkeypatch.setattr(Homopolymer, "cell", grow)
    with pytest.raises(Rebuilt):
        build_bundle(UNIT, SETTINGS, seed=1, out=folder)


@pytest.mark.parametrize("state", STATES[1:], ids=lambda f: f.__name__)
def test_no_state_of_a_checkpoint_is_taken_for_a_whole_one(
    interrupted: Path, tmp_path: Path, state: Callable[[Path], None]
) -> None:
    path = tmp_path / "checkpoint.npz"
    shutil.copy(interrupted / "run/checkpoint.npz", path)
    content_hash = SimulationBundle.read(interrupted / "bundle").content_hash
    assert Checkpoint.read(path, content_hash) is not None
    state(path)
    with pytest.raises(DamagedFile, match="checkpoint"):
        Checkpoint.read(path, content_hash)


@pytest.mark.parametrize("state", [half, changed], ids=lambda f: f.__name__)
def test_a_run_whose_checkpoint_is_damaged_begins_anew(
    whole: Path, interrupted: Path, tmp_path: Path, state: Callable[[Path], None]
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(interrupted, folder)
    state(folder / "run/checkpoint.npz")
    result = simulated(folder)
    same(result, whole)
    assert result.diagnostics["resumed"] == 0
    assert [entry["file"] for entry in result.diagnostics["damaged_files"]] == ["run/checkpoint.npz"]


def test_a_whole_checkpoint_goes_on_and_ends_as_if_nothing_had_happened(whole: Path, interrupted: Path, tmp_path: Path):
    folder = tmp_path / "own"
    shutil.copytree(interrupted, folder)
    result = simulated(folder)
    same(result, whole)
    assert result.diagnostics["resumed"] == 1
    assert "damaged_files" not in result.diagnostics


@pytest.mark.parametrize("names", [("run/checkpoint.npz",), (*BUNDLE[:1], *RUN)], ids=["checkpoint", "all"])
def test_files_of_another_simulation_are_not_taken_for_own_ones(
    whole: Path, foreign: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    for name in names:
        shutil.copy(foreign / name, folder / name)
    result = simulated(folder)
    same(result, whole)
    assert result.provenance["key"] == UNIT.key


@pytest.mark.parametrize("name", ["run/series.npz", "run/final.npz"])
def test_series_and_structure_of_another_simulation_are_set_aside(
    whole: Path, foreign: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    shutil.copy(foreign / name, folder / name)
    result = simulated(folder)
    same(result, whole)
    (entry,) = result.diagnostics["damaged_files"]
    assert (entry["file"], entry["problem"]) == (name, "belongs to another simulation")


def test_files_of_another_version_are_made_again(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)
    (folder / "result.json").unlink()
    document = json.loads((folder / "bundle/bundle.json").read_text())
    (folder / "bundle/bundle.json").write_text(json.dumps({**document, "format_version": 1}))
    summary = json.loads((folder / "run/run.json").read_text())
    del summary["sha256"], summary["halvings"]
    (folder / "run/run.json").write_text(json.dumps(summary))
    same(simulated(folder), whole)
    assert SimulationBundle.read(folder / "bundle").content["request"]["seed"] == 1


def test_a_file_in_the_place_of_a_folder_is_set_aside(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)
    for name in ("bundle", "optics"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).write_text("x")
    (folder / "result.json").unlink()
    FolderCache(folder / "optics")["key"] = "value"
    result = simulated(folder)
    same(result, whole)
    assert [entry["file"] for entry in result.diagnostics["damaged_files"]] == ["optics", "bundle"]
    assert FolderCache(folder / "optics")["key"] == "value"


def test_a_fault_of_the_machine_is_no_damage(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails to answer says nothing about the content: nothing is set aside, and the error gets out."""
    folder = tmp_path / "own"
    shutil.copytree(whole, folder)

    def failing(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "read_text", failing)
    with pytest.raises(OSError, match="Input/output error"):
        simulate(UNIT, SETTINGS, seed=1, out=folder, properties=PROPERTIES)
    monkeypatch.undo()
    assert damage_report(folder) == []
    same(simulated(folder), whole)


def test_a_trajectory_of_something_else_is_set_aside(whole: Path, tmp_path: Path) -> None:
    execution = SETTINGS.execution.model_copy(update={"trajectory_interval_ps": 0.5})
    (tmp_path / "run").mkdir()
    (tmp_path / "run/trajectory.dcd").write_bytes(bytes(5000))
    run(SimulationBundle.read(whole / "bundle"), tmp_path / "run", execution)
    assert (tmp_path / "run/trajectory.dcd.damaged").stat().st_size == 5000
    assert (tmp_path / "run/trajectory.dcd").read_bytes()[4:8] == b"CORD"
    assert [entry["file"] for entry in damage_report(tmp_path)] == ["run/trajectory.dcd"]


@pytest.mark.parametrize("state", [empty, half, garbage, changed, a_folder], ids=lambda f: f.__name__)
def test_damaged_refractions_are_computed_again(tmp_path: Path, state: Callable[[Path], None]) -> None:
    cache = FolderCache(tmp_path)
    cache["a"], cache["b"] = "1.25", "2.5"
    (hurt,) = [path for path in tmp_path.glob("*.json") if '"a"' in path.read_text()]
    state(hurt)
    assert dict(cache) == {"b": "2.5"}
    assert "a" not in cache
    cache["a"] = "1.25"
    assert cache["a"] == "1.25"
    assert [entry["file"] for entry in damage_report(tmp_path)] == [hurt.name]


def test_a_binary_state_of_another_device_is_replaced_by_the_portable_one(interrupted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(interrupted, folder)
    bundle = SimulationBundle.read(folder / "bundle")
    stored = Checkpoint.read(folder / "run/checkpoint.npz", bundle.content_hash)
    assert stored is not None
    assert stored.binary
    replace(stored, binary=b"of another device").write(folder / "run/checkpoint.npz")
    assert not isinstance(simulate(UNIT, SETTINGS, seed=1, out=folder, properties=("density",)), Failure)
