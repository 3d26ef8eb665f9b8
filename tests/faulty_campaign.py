"""A campaign of real, tiny molecular dynamics as a process of its own, and the faults that can befall it."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from designer.config import load_config
from designer.errors import ForeignStore
from designer.store import CampaignStore, EvaluationRecord, open_store

# Cells of some 120 atoms and a few ps: they measure nothing, but every stage, checkpoint and file of a real simulation is there.
# The platform Reference repeats itself to the last digit, after a checkpoint as well but for the barostat.
CONFIG = """
name: faulty
seed: 11
folder: {folder}
store: {store}
objectives: [{{property: density}}]
corpus: {{reactions: false}}
generator: {{order: 4, pool: 8, smc: {{particles: 16, max_top_up: 5}}}}
constraints: {{max_heavy_atoms: 8, elements: [H, C, O]}}
initial: {{kind: prior, evaluations: {evaluations}}}
simulation:
  cell: {{n_chains: 2, atoms_per_chain: 60, growth_density_g_cm3: 0.4}}
  force_field: {{cutoff_nm: 0.42, switch_width_nm: 0.0, ewald_tolerance: 9.0e-3}}
  protocol:
    max_temperature_K: 300
    compress_ps: 0.6
    melt_ps: 0.2
    cool_ps: 0.2
    settle_ps: 0.2
    sample_ps: 3.0
    record_interval_ps: 0.02
    max_extensions: 0
  execution: {{platform: Reference, checkpoint_interval_s: 0.2}}
cluster: {{workers: 2, dashboard_port: 0, retries: 20, hang: {{at_least_s: 120, attempts: 20}}}}
stop: {{evaluations: {evaluations}, failures_in_a_row: 3}}
"""

# Time as the campaign sees it jumps by what stands in a file: both ways, by up to a day.
CLOCK = """
import os, time
_real, _path = time.time, os.environ["DESIGNER_TEST_CLOCK"]
def _jumping():
    try:
        with open(_path) as stream:
            return _real() + float(stream.read() or 0)
    except (OSError, ValueError):
        return _real()
time.time = _jumping
"""

FILES = ("bundle/bundle.json", "run/checkpoint.npz", "run/series.npz", "result.json")
"""What is damaged: one kind of file after the other."""
MOMENTS = ("attempts.jsonl", "bundle/bundle.json", "run/checkpoint.npz", "run/run.json", "result.json")
"""After what the disk is filled: the next file to be written is another one each time."""


class SmallDisk:
    """A separate in-memory file system, which can be filled.

    Attributes:
        folder: Where it is mounted.
        refusal: Why it could not be mounted, for example for lack of privileges; None if it is mounted.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.refusal: str | None = None
        try:
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)],
                capture_output=True,
                text=True,
            )
        except OSError as error:
            self.refusal = f"no program mount: {error}"
        else:
            if done.returncode:
                self.refusal = f"a small file system cannot be mounted here: {done.stderr.strip()}"

    @property
    def filler(self) -> Path:
        return self.folder / "filler"

    def fill(self, left: int) -> None:
        """Leave so many bytes."""
        with contextlib.suppress(OSError), self.filler.open("wb", buffering=0) as stream:
            block = bytes(1 << 16)
            while True:
                stream.write(block)
        os.truncate(self.filler, max(0, self.filler.stat().st_size - left))

    def free(self) -> None:
        self.filler.unlink(missing_ok=True)

    def close(self) -> None:
        if self.refusal is None:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class Trial:
    """A campaign as a process, and what happens to it."""

    def __init__(self, folder: Path, evaluations: int, seed: int) -> None:
        self.folder, self.random = folder, random.Random(seed)
        self.evaluations = evaluations
        self.disk = SmallDisk(folder / "disk", 24 + evaluations)
        self.run_folder = self.disk.folder / "run"
        self.store = self.run_folder / "store.sqlite"
        self.config = self.write_config("faulty", self.run_folder)
        (folder / "path").mkdir()
        (folder / "path" / "sitecustomize.py").write_text(CLOCK)
        self.clock = folder / "clock"
        self.clock.write_text("0")
        self.process: subprocess.Popen[bytes] | None = None
        self.happened: list[str] = [f"seed {seed}, {evaluations} evaluations"]
        self.counts: dict[str, int] = {}
        self.began = time.monotonic()
        self.full = False
        self._turns: dict[tuple[str, ...], list[str]] = {}
        if self.disk.refusal:
            self.note(f"the disk is never full: {self.disk.refusal}")

    def write_config(self, name: str, run_folder: Path) -> Path:
        path = self.folder / f"{name}.yaml"
        store = run_folder / "store.sqlite"
        path.write_text(CONFIG.format(folder=run_folder, store=store, evaluations=self.evaluations))
        return path

    @property
    def log(self) -> str:
        return (self.folder / "campaign.log").read_text()

    def start(self, config: Path | None = None) -> None:
        root = str(Path(__file__).parents[1])
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "DESIGNER_TEST_CLOCK": str(self.clock),
            "PYTHONPATH": f"{self.folder / 'path'}:{root}",
        }  # fmt: skip
        with (self.folder / "campaign.log").open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "designer", "run", str(config or self.config), "--no-report"],
                stdout=stream, stderr=stream, env=environment, start_new_session=True,
            )  # fmt: skip

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def workers(self) -> list[psutil.Process]:
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return []

    def records(self) -> tuple[EvaluationRecord, ...]:
        return records_of(self.config)

    def unfinished(self) -> list[Path]:
        """Return the folders of the evaluations that the store does not hold as ended."""
        ended = {self.run_folder / record.folder for record in self.records() if record.state in ("done", "failed")}
        return [path for path in sorted(self.run_folder.glob("evaluations/*")) if path not in ended]

    def note(self, text: str) -> None:
        self.happened.append(f"{time.monotonic() - self.began:8.1f} s  {text}")

    def in_turn(self, choices: tuple[str, ...]) -> str:
        """Return one of several, each as often as the others, in random order."""
        left = self._turns.setdefault(choices, [])
        if not left:
            left.extend(self.random.sample(choices, len(choices)))
        return left.pop()

    def suffer(self, fault: str) -> None:
        self.counts[fault] = self.counts.get(fault, 0) + 1
        getattr(self, fault)()

    # The faults.

    def kill_worker(self) -> None:
        """Kill the process of a simulation, wherever it is."""
        if workers := self.workers():
            victim = self.random.choice(workers)
            self.note(f"kill -9 worker {victim.pid}")
            victim.kill()

    def kill_campaign(self) -> None:
        """Kill the campaign with its scheduler, and start it again."""
        assert self.process is not None
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.note(f"kill -9 campaign {self.process.pid}")
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == [], "orphans stay"
        self.start()

    def kill_all(self) -> None:
        """Kill campaign, scheduler and workers at one instant, and start it again."""
        self._kill_group()
        self.start()

    def _kill_group(self) -> None:
        assert self.process is not None
        self.note(f"kill -9 group {self.process.pid}")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> None:
        """Ask it to end, as Ctrl-C or a batch system does, and start it again."""
        assert self.process is not None
        name = self.in_turn(("SIGTERM", "SIGINT"))
        self.note(f"{name} to campaign {self.process.pid}")
        self.process.send_signal(getattr(signal, name))
        self.process.wait(timeout=120)
        self.start()

    def lock_store(self) -> None:
        """Hold the write lock of the store for a while."""
        if self.store.exists():
            self.note("store locked")
            holder = sqlite3.connect(self.store, isolation_level=None, timeout=30)
            try:
                holder.execute("BEGIN IMMEDIATE")
                time.sleep(self.random.uniform(2.0, 8.0))
                holder.execute("ROLLBACK")
            except sqlite3.OperationalError:
                self.note("  somebody else held it")
            finally:
                holder.close()

    def jump_clock(self) -> None:
        """Set the clock of every process of the campaign."""
        jump = self.random.choice([-86400, -600, 600, 86400])
        self.note(f"clock jumps to {jump:+} s")
        self.clock.write_text(str(jump))

    def freeze_worker(self) -> None:
        """Stop a worker for some seconds, as an overloaded machine does."""
        if workers := self.workers():
            victim = self.random.choice(workers)
            self.note(f"worker {victim.pid} frozen")
            try:
                victim.suspend()
                time.sleep(self.random.uniform(1.0, 4.0))
                victim.resume()
            except psutil.NoSuchProcess:
                return

    def fill_disk(self) -> None:
        """Let the disk be full for some seconds, from the moment at which a file of a kind has been written."""
        if self.disk.refusal:
            return
        moment = self.in_turn(MOMENTS)
        self._wait_for(moment, 30.0)
        left = self.random.choice([0, 0, 4096, 20_000, 100_000])
        self.note(f"disk full but for {left} bytes, after a file {moment}")
        self.full = True
        self.disk.fill(left)
        time.sleep(self.random.uniform(2.0, 6.0))
        self.disk.free()

    def damage(self) -> None:
        """Kill all, damage a file of an evaluation that has not ended, and start again."""
        assert self.process is not None
        name, how = self.in_turn(FILES), self.in_turn(("empty", "half", "zeros", "garbage", "missing"))
        if name == "result.json":
            # The worker leaves its result and the campaign, which is frozen, does not record it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGSTOP)
        written = self._wait_for(name, 30.0)
        self._kill_group()
        path = written if written is not None and written.exists() else self._existing(name)
        if path is None or not any(folder in path.parents for folder in self.unfinished()):
            self.note(f"  no {name} of an evaluation that has not ended")
        else:
            self.note(f"  {path.relative_to(self.run_folder / 'evaluations')}: {how}")
            self.counts[name] = self.counts.get(name, 0) + 1
            damage_file(path, how, self.random)
        self.start()

    def _existing(self, name: str) -> Path | None:
        found = [folder / name for folder in self.unfinished() if (folder / name).exists()]
        return self.random.choice(found) if found else None

    def _wait_for(self, name: str, seconds: float) -> Path | None:
        """Return the file of this name that is written anew, as soon as it is."""

        def state() -> dict[Path, int]:
            found = {}
            for path in self.run_folder.glob(f"evaluations/*/{name}"):
                with contextlib.suppress(FileNotFoundError):
                    found[path] = path.stat().st_mtime_ns
            return found

        before, deadline = state(), time.monotonic() + seconds
        while time.monotonic() < deadline and not self.ended():
            for path, changed in state().items():
                if before.get(path) != changed:
                    return path
            time.sleep(0.01)
        return None

    def finish(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            if self.ended():
                self.start()
            assert self.process is not None
            code = self.process.wait(timeout=max(1.0, deadline - time.monotonic()))
            if code == 0 or not self.excused():
                break
        assert code == 0, self.log[-3000:]
        _, alive = psutil.wait_procs(self.workers(), timeout=20)
        assert alive == []

    def excused(self) -> bool:
        """Return whether the campaign could not start, and said so in one line, since the disk was full; once for each time."""
        assert self.process is not None
        line = self.log.strip().splitlines()[-1]
        if (
            not self.full
            or not line.startswith("error: ")
            or "space" not in line
            or self.process.returncode not in (1, 2)
        ):
            return False
        self.note(f"ended with: {line.replace(str(self.folder), '')}")
        self.full = False
        return True

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.disk.close()
        kept = Path(os.environ.get("DESIGNER_FAULTS_LOG", self.folder))
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "faults.log").write_text("\n".join(self.happened) + "\n")
        (kept / "faults_campaign.log").write_text(self.log)


def torment(trial: Trial, faults: tuple[str, ...], pause_s: tuple[float, float], until: Callable[[], bool]) -> None:
    """Let faults happen until it is enough or the campaign is finished; what is recorded as done must stay as it is."""
    done: dict[int, EvaluationRecord] = {}
    trial.start()
    while not until():
        deadline = time.monotonic() + trial.random.uniform(*pause_s)
        while time.monotonic() < deadline and not trial.ended():
            time.sleep(0.05)
        if trial.ended():
            assert trial.process is not None
            if trial.process.returncode == 0:
                trial.note("finished before the faults were")
                break
            assert trial.excused(), trial.log[-3000:]
            trial.start()
            continue
        trial.suffer(trial.in_turn(faults))
        for record in trial.records():
            if record.state == "done":
                assert done.setdefault(record.id, record) == record
    trial.note(f"left in peace with {len(done)} of {trial.evaluations} done")


def records_of(config: Path) -> tuple[EvaluationRecord, ...]:
    """Return what the store of a campaign holds; nothing where it was killed before it had made its store."""
    url = load_config(config).store_url()
    if url.path is not None and not url.path.exists():
        return ()
    try:
        engine = open_store(url)
    except ForeignStore as error:
        if "is an empty database" in str(error):
            return ()
        raise
    try:
        return CampaignStore.find(engine).evaluations()
    finally:
        engine.dispose()


def damage_file(path: Path, how: str, rng: random.Random) -> None:
    """Leave a file as a fault does."""
    size = path.stat().st_size
    if how == "missing":
        path.unlink()
    elif how == "half":
        os.truncate(path, size // 2)
    else:
        content = {
            "empty": b"",
            "zeros": bytes(size),
            "garbage": np.random.default_rng(rng.randrange(2**32)).bytes(size),
        }
        path.write_bytes(content[how])
