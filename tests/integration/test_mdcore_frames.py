"""Frames of a run: what is recorded, read back, and kept in every interruption."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_bundles import dumbbells
from pydantic import ValidationError

from mdcore.chem.damage import damage_report
from mdcore.chem.errors import DamagedFile, NotRecorded, SimulationExploded
from mdcore.dynamics import DynamicsStage, SimulationBundle, read_frames, read_record, run
from mdcore.dynamics.engine import StageEngine
from mdcore.settings import ExecutionSettings

REFERENCE = ExecutionSettings(platform="Reference", own_core=False, checkpoint_interval_s=1e-6)
FILE = "frames-flow.npy"


def stage(name: str = "first", **more: object) -> DynamicsStage:
    given = {
        "name": name,
        "role": "flow",
        "ensemble": "nvt",
        "duration_ps": 0.2,
        "temperature_K": (300.0, 300.0),
        "timestep_fs": 2.0,
        "record_interval_ps": 0.05,
        "frames": {"interval_ps": 0.008},
        **more,
    }
    return DynamicsStage.model_validate(given)


@pytest.fixture(scope="module")
def bundle() -> SimulationBundle:
    """Two stages with frames, one without between them."""
    rest = stage("rest", role="rest", frames=None, duration_ps=0.1)
    return dumbbells([stage(), rest, stage("last", frames={"interval_ps": 0.02})])


@pytest.fixture(scope="module")
def whole(bundle: SimulationBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run(bundle, folder, REFERENCE)
    return folder


def test_frames_are_the_state_of_the_context_at_every_interval(bundle: SimulationBundle, whole: Path) -> None:
    frames = read_frames(whole, bundle, "flow")
    assert len(frames) == 25 + 10
    assert frames.n_atoms == bundle.n_atoms
    np.testing.assert_allclose(frames.times_ps[:25], np.arange(1, 26) * 0.008, atol=1e-12)
    np.testing.assert_allclose(frames.times_ps[25:], 0.3 + np.arange(1, 11) * 0.02, atol=1e-12)
    np.testing.assert_array_equal(frames.stage_index, [0] * 25 + [2] * 10)
    np.testing.assert_array_equal(frames.boxes_nm, np.broadcast_to(bundle.arrays["box_nm"], (35, 3, 3)))
    record = read_record(whole, bundle)
    np.testing.assert_allclose(frames.positions_nm[-1], record.final.positions_nm, atol=1e-6)
    # The kinetic energy of the frames at a record is the one that was recorded there.
    kinetic = 0.5 * (bundle.arrays["masses_amu"][:, None] * frames.velocities_nm_ps.astype(float) ** 2).sum((1, 2))
    assert kinetic[24] == pytest.approx(record.stage("first").array("kinetic_kj_mol")[-1], rel=1e-6)
    np.testing.assert_allclose(kinetic[25 + 9], record.stage("last").array("kinetic_kj_mol")[-1], rtol=1e-6)
    # Velocities are the rate of change of the positions.
    x, v = frames.positions_nm[:25].astype(float), frames.velocities_nm_ps[:25].astype(float)
    moved = (x[2:] - x[:-2]) / 0.016
    assert np.corrcoef(moved.ravel(), v[1:-1].ravel())[0, 1] > 0.99


def test_numpy_reads_the_file_and_only_what_is_used_is_in_memory(bundle: SimulationBundle, whole: Path) -> None:
    plain = np.load(whole / FILE, mmap_mode="r")
    frames = record = read_record(whole, bundle).frames("flow")
    np.testing.assert_array_equal(plain["velocities_nm_ps"], frames.velocities_nm_ps)
    base = record.positions_nm
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


@pytest.mark.parametrize("cut", [0, 1, 400])
def test_a_killed_run_has_the_same_frames_to_the_last_bit(
    cut: int, bundle: SimulationBundle, whole: Path, tmp_path: Path
) -> None:
    """Killed between two checkpoints, with whole and partial frames after the last one on disk."""
    bundle.write(tmp_path / "bundle")
    code = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from mdcore.dynamics import SimulationBundle, run\n"
        "from mdcore.settings import ExecutionSettings\n"
        "calls = []\n"
        "def kill(progress):\n"
        "    calls.append(progress)\n"
        "    if len(calls) == 8: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"settings = ExecutionSettings.model_validate({REFERENCE.model_dump()!r})\n"
        "run(SimulationBundle.read(folder / 'bundle'), folder / 'run', settings, kill)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    with (tmp_path / "run" / FILE).open("ab") as stream:
        stream.write(b"\x01" * (cut and 2000 + cut))
    shown: list[str] = []
    assert run(bundle, tmp_path / "run", REFERENCE, lambda progress: shown.append(progress.stage)).resumed == 1
    assert len(shown) < 10  # it did not begin again
    assert (tmp_path / "run" / FILE).read_bytes() == (whole / FILE).read_bytes()


def test_frames_after_a_blow_up_are_recorded_again_at_the_same_times(
    bundle: SimulationBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, record = 0, StageEngine.record

    def unlucky(self: StageEngine, fraction: float, number: int) -> object:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise SimulationExploded("planted")
        return record(self, fraction, number)

    monkeypatch.setattr(StageEngine, "record", unlucky)
    assert run(bundle, tmp_path, REFERENCE.model_copy(update={"checkpoint_interval_s": 60})).halvings == 1
    times = read_frames(tmp_path, bundle, "flow").times_ps
    np.testing.assert_allclose(
        times, [*(np.arange(1, 26) * 0.008), *(0.3 + np.arange(1, 11) * 0.02)], rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("harm", ["missing", "shortened", "foreign"])
def test_lost_frames_repeat_the_run(harm: str, bundle: SimulationBundle, whole: Path, tmp_path: Path) -> None:
    run(bundle, tmp_path, REFERENCE)
    path = tmp_path / FILE
    if harm == "missing":
        path.unlink()
    elif harm == "shortened":
        path.write_bytes(path.read_bytes()[:-900])
    else:
        path.write_bytes(path.read_bytes().replace(bundle.content_hash[:8].encode(), b"00000000"))
    with pytest.raises(DamagedFile):
        read_frames(tmp_path, bundle, "flow")
    assert run(bundle, tmp_path, REFERENCE).resumed == 0
    assert path.read_bytes() == (whole / FILE).read_bytes()
    assert [entry["file"] for entry in damage_report(tmp_path)] == [FILE]


def test_parts_of_frames_can_be_left_out(tmp_path: Path) -> None:
    few = dumbbells([stage(frames={"interval_ps": 0.05, "positions": False, "max_atoms": 9})])
    run(few, tmp_path, REFERENCE)
    frames = read_frames(tmp_path, few, "flow")
    assert frames.velocities_nm_ps.shape == (4, 8, 3)  # four dumbbells
    with pytest.raises(NotRecorded, match="do not contain positions_nm"):
        _ = frames.positions_nm
    # The files of an earlier version have no frames, and a stage without frames keeps its identity.
    assert b"frames" not in stage(frames=None).digest_json()
    assert b"frames" in few.stages[0].digest_json()
    with pytest.raises(ValidationError, match="are empty"):
        stage(frames={"interval_ps": 0.05, "positions": False, "velocities": False})


def test_a_role_without_frames_is_named(bundle: SimulationBundle, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(NotRecorded, match="'rest' has no frames; roles with frames: flow"):
        read_frames(whole, bundle, "rest")
    short = dumbbells([stage(frames={"interval_ps": 1.0})])
    run(short, tmp_path, REFERENCE)
    with pytest.raises(NotRecorded, match="recorded no frame"):
        read_frames(tmp_path, short, "flow")
