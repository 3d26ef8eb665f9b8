"""Running a bundle: stages in order, checkpoints, restarts, recovery from blow-ups."""

import copy
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mdcore.chem.box import box_matrix
from mdcore.chem.damage import damaged, ensure_folder, read_arrays, reading, set_aside
from mdcore.chem.errors import DamagedFile, NotConverged, SimulationExploded
from mdcore.chem.files import replacing
from mdcore.chem.sealed import read_sealed, write_sealed
from mdcore.dynamics.bundle import SimulationBundle, library_versions
from mdcore.dynamics.checkpoint import Checkpoint
from mdcore.dynamics.convergence import MIN_RECORDS, Convergence, assess
from mdcore.dynamics.cores import OwnCore
from mdcore.dynamics.engine import StageEngine
from mdcore.dynamics.frame_files import FrameFiles
from mdcore.dynamics.frames import check_frames
from mdcore.dynamics.observables import OBSERVABLES
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.platform import choose_platform
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.recorder import Recorder
from mdcore.dynamics.series import FloatArray, Series
from mdcore.dynamics.trajectory import Trajectory
from mdcore.settings.execution import ExecutionSettings

MAX_HALVINGS = 3
"""How often the time step of a stage is halved before the run fails."""


@dataclass(frozen=True)
class RunSummary:
    """What a finished run left in its folder.

    Attributes:
        content_hash: Hash of the bundle.
        platform: Platform and version of OpenMM.
        wall_s: Wall time of all stages, interruptions not counted.
        simulated_ps: Simulated time.
        ns_per_day: Mean speed.
        converged: Whether all stages that test their convergence passed; None where none does, or they are too short.
        convergence: The numbers of the tests of the last of these stages.
        extensions: How often stages were extended.
        halvings: Most halvings of a time step in any stage.
        resumed: How often the run was resumed from a checkpoint.
        versions: Versions of the libraries that ran it.
    """

    content_hash: str
    platform: str
    wall_s: float
    simulated_ps: float
    ns_per_day: float
    converged: bool | None
    convergence: dict[str, float]
    extensions: int
    halvings: int
    resumed: int
    versions: dict[str, str]


def run(
    bundle: SimulationBundle,
    out: Path,
    execution: ExecutionSettings,
    progress: Callable[[Progress], None] | None = None,
    *,
    convergence_required: bool = False,
) -> RunSummary:
    """Run a bundle, or resume an earlier run of it.

    `out` then holds `series.npz` (see `Series.members`; `read_record` reads it), `final.npz` (positions_nm and box_nm of shape
    (3, 3)), `frames-ROLE.npy` where stages record frames (`read_frames` reads them), `trajectory.dcd` where the execution settings ask
    for it and, written last, `run.json`. The last `checkpoint.npz` stays: the other files except the frames can be written again from it.
    A damaged file is set aside and its content regenerated; see `mdcore.chem.damage`.

    Args:
        bundle: What to simulate.
        out: Folder of the run; a finished run of the same bundle in it is returned at once.
        execution: Platform and checkpoint interval.
        progress: Called after every record.
        convergence_required: Whether an unconverged run raises.

    Raises:
        SimulationExploded: A stage blew up although its time step was halved three times.
        NotConverged: A stage has not converged after all its extensions and `convergence_required` is set.
        PlatformUnavailable: The requested platform does not work on this machine.
        UnknownObservable: A stage records what neither the program nor an installed plug-in knows.
    """
    ensure_folder(out)
    finished = _finished(bundle, out)
    if finished is None:
        finished = _Run(bundle, out, execution, progress).complete()
    if convergence_required and finished.converged is False:
        raise NotConverged(
            f"sampling has not converged after {finished.extensions} extensions ({finished.convergence}); raise sample_ps"
        )
    return finished


def read_summary(out: Path, content_hash: str) -> RunSummary | None:
    """Return the summary of a finished run of a bundle, or None if it is missing or belongs to another bundle.

    Raises:
        DamagedFile: It cannot be read, or was written by another version.
    """
    path = out / "run.json"
    if not path.exists():
        return None
    document = read_sealed(path)
    if document.get("content_hash") != content_hash:
        return None
    with reading(path):
        return RunSummary(**document)


def read_run_arrays(path: Path, content_hash: str | None = None) -> dict[str, Any]:
    """Read all arrays of `series.npz` or `final.npz`.

    Args:
        path: The file.
        content_hash: Hash of the bundle that it must belong to, or None to accept any; files of older versions have none.

    Raises:
        DamagedFile: It is missing, cannot be read, or belongs to another bundle.
    """
    arrays = read_arrays(path)
    own = arrays.pop("content_hash", None)
    if content_hash is not None and own is not None and str(own) != content_hash:
        raise damaged(path, "belongs to another simulation")
    return arrays


def read_series(bundle: SimulationBundle, out: Path) -> Series:
    """Return the series of a finished run.

    Raises:
        DamagedFile: It is missing, cannot be read, or belongs to another bundle.
    """
    path = out / "series.npz"
    members = read_run_arrays(path, bundle.content_hash)
    with reading(path):
        series = Series.restore(members)
        for name in series.observables:
            if name in OBSERVABLES and series.values(name)[1].shape[1:] != OBSERVABLES[name].shape(bundle):
                raise ValueError(f"{name} has the shape {series.values(name)[1].shape}")
        return series


def read_final(bundle: SimulationBundle, out: Path) -> tuple[FloatArray, FloatArray]:
    """Return the last positions of a finished run, shape (n, 3), chains whole, and its box, shape (3, 3), in nm.

    Raises:
        DamagedFile: They are missing, cannot be read, or belong to another bundle.
    """
    path = out / "final.npz"
    arrays = read_run_arrays(path, bundle.content_hash)
    with reading(path):
        positions, box = np.asarray(arrays["positions_nm"]), box_matrix(arrays["box_nm"])
        if positions.shape != (bundle.n_atoms, 3):
            raise ValueError(f"positions_nm has the shape {positions.shape}")
        return positions, box


def _finished(bundle: SimulationBundle, out: Path) -> RunSummary | None:
    """Return the summary of a run whose files are all whole, else None; damaged ones are set aside."""
    try:
        summary = read_summary(out, bundle.content_hash)
    except DamagedFile as error:
        set_aside(error)
        return None
    if summary is None:
        return None
    whole = True
    for read in (read_series, read_final):
        try:
            read(bundle, out)
        except DamagedFile as error:
            set_aside(error)
            whole = False
    try:
        check_frames(bundle, out)
    except DamagedFile:
        # The repeated run sets it aside, if it lacks frames of the checkpoint.
        whole = False
    if not whole:
        (out / "run.json").unlink(missing_ok=True)
    return summary if whole else None


class _Run:
    def __init__(
        self,
        bundle: SimulationBundle,
        out: Path,
        execution: ExecutionSettings,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._bundle, self._out, self._execution, self._progress = bundle, out, execution, progress
        self._system = read_xml(bundle.system_xml, "System")
        self._path = out / "checkpoint.npz"
        for stage in bundle.stages:
            Recorder(stage.recorded)  # an unknown observable is refused before anything is computed
        self._at = Checkpoint(bundle.content_hash, 0, 0, 0.0, 0, 0, 0.0, "", b"", "", Series())
        self._frames = FrameFiles(out, bundle)
        try:
            stored = Checkpoint.read(self._path, bundle.content_hash)
            if stored is not None:
                self._frames.check(stored.n_frames)
        except DamagedFile as error:
            # Frames that a checkpoint refers to cannot be written again from it.
            set_aside(error)
            stored = None
        self._saved = stored
        self._resumed = 0
        if stored is not None:
            self._at = stored
            self._resumed = 1
        self._planned_ps = [stage.planned_ps for stage in bundle.stages]
        self._max_halvings = max(self._at.most_halvings, self._at.halvings)
        self._clock = time.monotonic()
        self._recent: tuple[float, float] | None = None
        every = execution.trajectory_interval_ps
        self._trajectory = None if every is None else Trajectory(out / "trajectory.dcd", bundle.n_atoms, every)
        _, properties = choose_platform(execution, bundle.n_atoms)
        self._core = OwnCore() if execution.own_core and properties.get("Threads") == "1" else None

    def complete(self) -> RunSummary:
        positions, box, velocities = self._state()
        try:
            # Threads inherit the affinity of the thread that creates the context, so the core is claimed first.
            with self._core or nullcontext():
                for index in range(self._at.stage, len(self._bundle.stages)):
                    positions, box, velocities = self._stage(index, positions, box, velocities)
        finally:
            self._frames.close()
            if self._trajectory is not None:
                self._trajectory.close()
        return self._finish(positions, box)

    def _state(self) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return positions, box and velocities at the last checkpoint or at the start."""
        state = self._at.state()
        if state is None:
            return self._bundle.arrays["positions_nm"], self._bundle.arrays["box_nm"], None
        return _unpack(state)

    def _stage(
        self, index: int, positions: FloatArray, box: FloatArray, velocities: FloatArray | None
    ) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        import openmm

        while True:
            at = self._at
            engine = StageEngine(
                self._bundle, self._system, index, at.halvings, at.extension, self._execution, at.step, at.memory
            )
            engine.start(positions, box, velocities)
            if self._at.binary and self._at.platform == engine.platform_label:
                try:
                    engine.context.loadCheckpoint(self._at.binary)
                except openmm.OpenMMException:
                    # Another kind of device: the portable state has everything except the random numbers.
                    engine.start(positions, box, velocities)
            self._frames.rewind(self._at.n_frames)
            if self._trajectory is not None:
                self._trajectory.rewind(self._at.series.times_ps())
            try:
                self._advance(engine)
            except (SimulationExploded, openmm.OpenMMException) as error:
                self._halve(error)
                positions, box, velocities = self._state()
                continue
            engine.stage.finish(lambda name: self._at.series.values(name, [index])[1])
            positions, box, velocities = _unpack(engine.context.getState(getPositions=True, getVelocities=True))
            extension = self._at.extension + 1
            outcome = self._convergence(index) if extension < engine.stage.n_passes else None
            if outcome is not None and not outcome.passed:
                self._save(engine, index, 0, extension, self._at.halvings, exact=False)
                continue
            # The reduced time step applies only to the stage that needed it.
            self._save(engine, index + 1, 0, 0, 0, exact=False)
            return positions, box, velocities

    def _advance(self, engine: StageEngine) -> None:
        done, total = self._at.step, engine.n_steps
        if not done:
            engine.begin()
        index = self._at.stage
        start_ps = self._at.time_ps - done * engine.timestep_fs * 1e-3
        role = engine.stage.records_as

        def record_frame(step: int) -> None:
            if role is not None:
                state = engine.context.getState(getPositions=True, getVelocities=True)
                self._frames.append(role, index, start_ps + step * engine.timestep_fs * 1e-3, state)

        engine.on_frame = record_frame
        saved = time.monotonic()
        while done < total:
            steps = min(engine.chunk, total - done)
            engine.advance(done, steps)
            done += steps
            targets, observed = engine.record(done / total, -(-done // engine.chunk))
            now_ps = start_ps + done * engine.timestep_fs * 1e-3
            if self._trajectory is not None:
                self._trajectory.record(self._at.series.last_ps, now_ps, *engine.frame())
            self._at.series.append((index, now_ps, *targets), observed)
            self._report(engine, index, now_ps, done / total)
            if time.monotonic() - saved >= self._execution.checkpoint_interval_s:
                self._at = replace(self._at, time_ps=now_ps)
                self._save(engine, index, done, self._at.extension, self._at.halvings, exact=True)
                if self._core is not None:
                    self._core.check()
                saved = time.monotonic()
        self._at = replace(self._at, time_ps=start_ps + total * engine.timestep_fs * 1e-3, step=done)

    def _save(self, engine: StageEngine, stage: int, step: int, extension: int, halvings: int, *, exact: bool) -> None:
        import openmm

        now = time.monotonic()
        state = engine.context.getState(getPositions=True, getVelocities=True)
        self._at = replace(
            self._at,
            stage=stage,
            step=step,
            extension=extension,
            halvings=halvings,
            wall_s=self._at.wall_s + now - self._clock,
            platform=engine.platform_label,
            most_halvings=self._max_halvings,
            binary=engine.context.createCheckpoint() if exact else b"",
            state_xml=openmm.XmlSerializer.serialize(state),
            n_rows=len(self._at.series),
            n_frames=self._frames.sync(),
            # A copy, as the stage goes on; what it kept ends with it.
            memory=copy.deepcopy(engine.memory) if stage == self._at.stage else {},
        )
        self._clock = now
        if self._trajectory is not None:
            self._trajectory.sync()
        self._at.write(self._path)
        self._saved = self._at

    def _halve(self, error: Exception) -> None:
        """Return to the last checkpoint with half the time step."""
        stored = self._saved
        halvings = self._at.halvings + 1
        stage = self._bundle.stages[self._at.stage]
        if stored is None or halvings > MAX_HALVINGS or not stage.planned_ps:
            reason = str(error).strip().splitlines()[0]
            raise SimulationExploded(
                f"stage {stage.name} blew up at the smallest time step ({reason}); build with another seed or check the parameters"
            ) from error
        self._max_halvings = max(self._max_halvings, halvings)
        stored.series.truncate(stored.n_rows)
        # Progress is counted in steps, which are now half as long; the binary state belongs to the old step.
        self._at = replace(stored, halvings=halvings, step=stored.step * 2 ** (halvings - stored.halvings), binary=b"")

    def _convergence(self, index: int) -> Convergence | None:
        """Return the outcome of the tests of a stage; None where it has none, or too few records."""
        stage, series = self._bundle.stages[index], self._at.series
        if not stage.tests_convergence:
            return None
        density, energy, gyration = (
            series.values(name, [index])[1] for name in ("density_g_cm3", "potential_kj_mol", "radius_of_gyration_nm")
        )
        if len(density) < MIN_RECORDS:
            return None
        return assess(density, energy, gyration, self._bundle.n_atoms, stage.temperature_at(1.0))

    def _extensions(self) -> int:
        """Return how often stages were extended: their time over that of one pass."""
        series, found, before_ps = self._at.series, 0, 0.0
        times, stages = series.times_ps(), series.stage_index
        for index, planned in enumerate(self._planned_ps):
            own = times[stages == index]
            if len(own):
                found += max(0, round((float(own[-1]) - before_ps) / planned) - 1)
                before_ps = float(own[-1])
        return found

    def _report(self, engine: StageEngine, index: int, now_ps: float, fraction: float) -> None:
        if self._progress is None:
            return
        now = time.monotonic()
        speed = remaining = None
        total = sum(self._planned_ps)
        done = sum(self._planned_ps[:index]) + fraction * self._planned_ps[index]
        if self._recent is not None and now > self._recent[1]:
            per_second = (now_ps - self._recent[0]) / (now - self._recent[1])
            speed = per_second * 86.4
            remaining = (total - done) / per_second if per_second > 0 else None
            if now - self._recent[1] > 10.0:
                self._recent = (now_ps, now)
        else:
            self._recent = (now_ps, now)
        self._progress(Progress(engine.stage.name, done / total, fraction, speed, remaining))

    def _finish(self, positions: FloatArray, box: FloatArray) -> RunSummary:
        own = np.array(self._bundle.content_hash)
        _save_arrays(self._out / "series.npz", content_hash=own, **self._at.series.members())
        _save_arrays(self._out / "final.npz", content_hash=own, positions_nm=positions, box_nm=box)
        outcomes = [
            outcome for index in range(len(self._bundle.stages)) if (outcome := self._convergence(index)) is not None
        ]
        summary = RunSummary(
            content_hash=self._bundle.content_hash,
            platform=self._at.platform,
            wall_s=round(self._at.wall_s, 3),
            simulated_ps=round(self._at.time_ps, 6),
            ns_per_day=round(self._at.time_ps * 86.4 / self._at.wall_s, 3) if self._at.wall_s > 0 else 0.0,
            converged=all(outcome.passed for outcome in outcomes) if outcomes else None,
            convergence=asdict(outcomes[-1]) if outcomes else {},
            extensions=self._extensions(),
            halvings=self._max_halvings,
            resumed=self._resumed,
            versions=library_versions(),
        )
        write_sealed(self._out / "run.json", asdict(summary))
        return summary


def _unpack(state: Any) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    box = np.array(state.getPeriodicBoxVectors(asNumpy=True)._value)
    positions = np.array(state.getPositions(asNumpy=True)._value)
    velocities = np.array(state.getVelocities(asNumpy=True)._value)
    # Atoms are at rest after a minimisation; the next stage draws velocities.
    return positions, box, velocities if velocities.any() else None


def _save_arrays(path: Path, **arrays: Any) -> None:
    with replacing(path) as stream:
        np.savez_compressed(stream, **arrays)
