"""Campaigns of real, tiny molecular dynamics on a real Slurm of this machine; see `schedulers` for what it consists of."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cloudpickle
import numpy as np
import psutil
import pytest
from cluster_trials import closing, job, outcomes
from schedulers import KILL_WAIT_S, NODES, SLURM_PROGRAMS, Slurm, serving, until

from designer.campaign.signals import Interrupted, raise_on_signals
from designer.cluster import Message, Noted, batch
from designer.cluster.batch import start_queue
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.task import Step
from designer.config import load_config
from designer.config.cluster import SlurmClusterSettings
from designer.errors import ClusterLost
from designer.store import CampaignStore, EvaluationRecord, open_store
from mdcore.chem import Measurement
from mdcore.measure import SimulationResult

# Workers cannot import this file by its name: its functions travel as code.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
pytestmark = [pytest.mark.seconds(330), pytest.mark.slow, pytest.mark.slurm]

# Cells of some 180 atoms and a few ps: they measure nothing, but every stage, checkpoint and file of a real simulation is there.
CONFIG = """
name: queued
seed: 11
folder: {folder}/run
objectives: [{{property: density}}]
corpus: {{reactions: false}}
generator: {{order: 4, pool: 8, smc: {{particles: 16, max_top_up: 5}}}}
constraints: {{max_heavy_atoms: 8, elements: [H, C, O]}}
initial: {{kind: list, psmiles: ['*CC*', '*CCO*', '*CC(*)C', '*CCCO*']}}
simulation:
  cell: {{n_chains: 3, atoms_per_chain: 60}}
  force_field: {{cutoff_nm: 0.45, switch_width_nm: 0.05, ewald_tolerance: 9.0e-3}}
  protocol: {{compress_ps: 2, melt_ps: 3, cool_ps: 3, settle_ps: 2, sample_ps: {sample_ps}, record_interval_ps: 0.1}}
  execution: {{platform: CPU, checkpoint_interval_s: 0.5}}
cluster:
  kind: slurm
  listen: 127.0.0.1
  dashboard_port: 0
  log_folder: {folder}/logs
  prologue: ['export PYTHONPATH={folder}/site:$PYTHONPATH']
  simulations_per_gpu: 2
  simulation: {{jobs: {jobs}, cores: 2, memory: 1GB, queue: gpu, walltime: "00:30:00", directives: ["--gres=gpu:1"]}}
  building: {{jobs: 1, cores: 1, memory: 1GB, queue: cpu, walltime: "00:30:00"}}
stop: {{evaluations: 4, failures_in_a_row: 1}}
"""
# Jobs whose sampling takes 0.3 s for each record until a file is there.
SLOW = """
import os, pathlib, time
if "SLURM_JOB_ID" in os.environ:
    from mdcore.dynamics import engine
    plain = engine.StageEngine.advance
    def advance(self, done, n_steps):
        if getattr(self.stage, "role", "") == "sampling" and not pathlib.Path("{go}").exists():
            time.sleep(0.3)
        return plain(self, done, n_steps)
    engine.StageEngine.advance = advance
"""
# The campaign as it is, but it looks after its jobs more often than it would on a machine that others use.
RUN = """
import sys
from designer.cluster import batch
batch.TEND_S, batch.GONE_S = 0.5, 3.0
from designer.cli.main import run
sys.exit(run(["run", sys.argv[1], "--no-report"]))
"""


@pytest.fixture(scope="module")
def slurm_server() -> Iterator[Slurm]:
    with serving(Slurm, SLURM_PROGRAMS, "slurmctld slurmd slurm-client munge") as server:
        assert isinstance(server, Slurm)
        yield server


@pytest.fixture
def slurm(slurm_server: Slurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    """The Slurm, with an empty queue before and after."""
    monkeypatch.setenv("SLURM_CONF", str(slurm_server.conf))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")  # as where people log in; jobs inherit it unless Slurm sets it
    assert slurm_server.jobs() == {}
    yield slurm_server
    for number in slurm_server.jobs():
        slurm_server.call("scancel", number)
    until(lambda: not slurm_server.jobs(), "the queue is empty")
    slurm_server.resume(*NODES)
    until(slurm_server.is_ready, "every node is idle")


class Campaign:
    """A campaign as a process."""

    def __init__(self, folder: Path, *, jobs: int, sample_ps: float) -> None:
        self.folder, self.config = folder, folder / "queued.yaml"
        self.config.write_text(CONFIG.format(folder=folder, jobs=jobs, sample_ps=sample_ps))
        self.process: subprocess.Popen[bytes] | None = None
        self.seen: dict[int, tuple[str, str]] = {}

    def start(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        with (self.folder / "out.txt").open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(self.config)], stdout=stream, stderr=stream, env=environment, cwd=self.folder,
                start_new_session=True,
            )  # fmt: skip

    def told(self) -> str:
        return (self.folder / "out.txt").read_text()

    def look(self) -> None:
        """Keep name of the Slurm job and GPU of every process that has begun a part of a simulation."""
        for path in self.folder.glob("run/evaluations/*/attempts.jsonl"):
            for line in path.read_text().splitlines():
                pid = int(json.loads(line)["worker"].rpartition(":")[2])
                if pid not in self.seen and psutil.pid_exists(pid):
                    environment = psutil.Process(pid).environ()
                    name = environment["SLURM_JOB_NAME"].rpartition("-")[0]
                    self.seen[pid] = name, environment.get("CUDA_VISIBLE_DEVICES", "unset")

    def wait_for(self, true: object, what: str, timeout_s: float = 200.0) -> None:
        def now() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.told()
            self.look()
            return bool(true())  # type: ignore[operator]

        until(now, what, timeout_s)

    def finish(self, timeout_s: float = 300.0) -> int:
        assert self.process is not None
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.told()
            self.look()
            time.sleep(0.2)
        return self.process.returncode

    def sampling(self) -> list[Path]:
        """Return the folders of the evaluations whose dynamics have left a checkpoint and not ended."""
        found = [path.parents[1] for path in self.folder.glob("run/evaluations/*/run/checkpoint.npz")]
        return [path for path in found if not (path / "result.json").exists()]

    def built(self) -> dict[Path, int]:
        """Return when each cell was built."""
        return {path: path.stat().st_mtime_ns for path in self.folder.glob("run/evaluations/*/**/bundle.json")}

    def records(self) -> tuple[EvaluationRecord, ...]:
        engine = open_store(load_config(self.config).store_url())
        try:
            return CampaignStore.find(engine).evaluations()
        finally:
            engine.dispose()

    def check(self) -> None:
        """Check that each evaluation was done once, and nothing more."""
        records = self.records()
        assert [record.state for record in records] == ["done"] * 4, [record.failure for record in records]
        for record in records:
            assert [m.property for m in record.measurements].count("density") == 1
            events = [
                json.loads(line)["event"]
                for line in (self.folder / "run" / record.folder / "attempts.jsonl").read_text().splitlines()
            ]
            assert Counter(events)["done"] == 1


@pytest.fixture
def campaign(slurm: Slurm, tmp_path: Path) -> Iterator[Campaign]:
    own = Campaign(tmp_path, jobs=2, sample_ps=4)
    yield own
    if own.process is not None and own.process.poll() is None:
        os.killpg(own.process.pid, signal.SIGKILL)
        own.process.wait()


def test_building_and_dynamics_run_in_jobs_of_their_own_with_two_simulations_to_a_gpu(
    slurm: Slurm, campaign: Campaign
) -> None:
    """Interrupted once with Ctrl-C, which leaves no job, and started again."""
    campaign.start()
    campaign.wait_for(lambda: len(campaign.sampling()) >= 2, "two simulations run")
    assert campaign.process is not None
    os.killpg(campaign.process.pid, signal.SIGINT)
    assert campaign.finish(60) == 130, campaign.told()
    assert "stopped by SIGINT; resume with `designer run" in campaign.told()
    until(lambda: not slurm.jobs(), "every job was given back", 3 * KILL_WAIT_S)
    built = campaign.built()
    assert built
    campaign.start()
    assert campaign.finish() == 0, campaign.told()
    until(lambda: not slurm.jobs(), "every job was given back", 3 * KILL_WAIT_S)
    campaign.check()
    assert built.items() <= campaign.built().items()  # what was built is not built again
    processes = Counter(campaign.seen.values())
    assert set(processes) <= {("designer-building", ""), ("designer-simulation", "0"), ("designer-simulation", "1")}
    assert processes["designer-building", ""] == 2
    assert {gpu for name, gpu in processes if name == "designer-simulation"} == {"0", "1"}
    assert max(processes.values()) >= 2  # simulations at a time on one GPU


def test_dynamics_survive_whatever_ends_their_jobs(slurm: Slurm, tmp_path: Path) -> None:
    """Cancelled, put back, at their time limit, their node drained: the runs go on from their checkpoints in other jobs.

    Slurm may take half a minute to act, so that the dynamics are slow until the last fault: they cannot be over before it.
    """
    own = Campaign(tmp_path, jobs=1, sample_ps=20)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SLOW.format(go=tmp_path / "go"))
    times: dict[Path, int] = {}

    def running() -> list[str]:
        return [number for number, what in slurm.jobs("RUNNING").items() if "simulation" in what]

    def dynamics_advance() -> bool:
        """Return whether a simulation job runs and a checkpoint is newer than at the last fault."""
        now = {path: path.stat().st_mtime_ns for path in own.folder.glob("run/evaluations/*/run/checkpoint.npz")}
        grown = any(times.get(path) != changed for path, changed in now.items())
        return bool(grown and running() and own.sampling())

    def fault(what: str, *arguments: str) -> str:
        own.wait_for(dynamics_advance, f"dynamics advance before {what}")
        victim = running()[0]
        slurm.call(arguments[0], *(argument.format(victim) for argument in arguments[1:]))
        own.wait_for(lambda: victim not in running(), f"job {victim} is gone after {what}")
        times.update(
            {path: path.stat().st_mtime_ns for path in own.folder.glob("run/evaluations/*/run/checkpoint.npz")}
        )
        return victim

    own.start()
    try:
        fault("a cancellation", "scancel", "{}")
        fault("the time limit", "scontrol", "update", "JobId={}", "EndTime=now+1")
        slurm.drain("gpu1")
        victim = fault("a requeue beside a drained node", "scontrol", "requeue", "{}")
        own.wait_for(lambda: victim in slurm.jobs("PENDING"), "the job is back in the queue")
        slurm.call("scontrol", "update", f"JobId={victim}", "StartTime=now")  # Slurm lets it wait two minutes else
        own.wait_for(dynamics_advance, "dynamics advance on the node that is left")
        slurm.resume("gpu1")
        (tmp_path / "go").touch()
        assert own.finish() == 0, own.told()
    finally:
        if own.process is not None and own.process.poll() is None:
            os.killpg(own.process.pid, signal.SIGKILL)
            own.process.wait()
    until(lambda: not slurm.jobs(), "every job was given back", 3 * KILL_WAIT_S)
    own.check()
    resumed = 0
    for record in own.records():
        folder = own.folder / "run" / record.folder
        resumed += json.loads((folder / "run" / "run.json").read_text())["resumed"]
        with np.load(folder / "run" / "series.npz") as series:
            moments = series["table"][:, [str(name) for name in series["columns"]].index("time_ps")]
        assert np.diff(moments).min() > 0  # each moment once
        assert np.diff(moments).max() < 0.2  # none lost
    assert resumed >= 2


# The following tests need no dynamics: their simulation runs until it is allowed to end, and reports no progress.


def waits(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Tell where, and wait for the permission to end."""
    with (out / "places").open("a") as stream:
        stream.write(
            f"{os.environ['SLURM_JOB_ID']} {os.environ['SLURMD_NODENAME']} {os.environ['CUDA_VISIBLE_DEVICES']}\n"
        )
    while not (out / "enough").exists():
        time.sleep(0.1)
    return SimulationResult((Measurement("density", 1.0, 0.1, "g/cm3", "md-quick-2"),), {}, {})


STEPS = (Step("simulate", "MD", waits),)


def settings(folder: Path, **more: object) -> SlurmClusterSettings:
    job = {
        "jobs": 1,
        "cores": 1,
        "memory": "1GB",
        "queue": "gpu",
        "walltime": "00:30:00",
        "directives": ["--gres=gpu:1"],
    }
    return SlurmClusterSettings.model_validate(
        {
            "listen": "127.0.0.1", "dashboard_port": 0, "retries": 0, "log_folder": str(folder / "logs"),
            "tls_folder": str(folder / "keys of mine"), "simulation": job, **more,
        }
    )  # fmt: skip


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "TEND_S", 0.5)
    monkeypatch.setattr(batch, "GONE_S", 2.0)


class Heard:
    """What a cluster said so far."""

    def __init__(self, cluster: DaskCluster) -> None:
        self.cluster, self.messages = cluster, list[Message]()

    def until(self, true: Callable[[], object], what: str, timeout_s: float = 90.0) -> None:
        def now() -> bool:
            self.messages += self.cluster.messages(0.1)
            return bool(true())

        until(now, f"{what}; {self.messages}", timeout_s)

    def notes(self) -> str:
        return "\n".join(message.text for message in self.messages if isinstance(message, Noted))


def places(folder: Path) -> list[list[str]]:
    """Return number of the job, node and GPU of each start."""
    path = folder / "0" / "places"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_jobs_that_slurm_ends_cost_a_simulation_nothing(slurm: Slurm, often: None, tmp_path: Path) -> None:
    """Cancelled, put back, at its time limit, nodes drained: with no retries allowed, the simulation goes on each time."""
    with closing(start_queue(settings(tmp_path), STEPS)) as cluster:
        heard = Heard(cluster)
        cluster.submit(job(tmp_path))
        heard.until(lambda: len(places(tmp_path)) == 1, "it runs")
        first, node, gpu = places(tmp_path)[0]
        assert (node, gpu) == ("gpu1", "0")
        slurm.drain("gpu1")
        slurm.call("scancel", first)
        heard.until(lambda: len(places(tmp_path)) == 2, "it runs on the node that is left")
        second, node, _ = places(tmp_path)[1]
        assert (second != first, node) == (True, "gpu2")
        assert f"job {first} (simulation-1) has ended" in heard.notes()
        slurm.call("scontrol", "requeue", second)
        heard.until(lambda: slurm.jobs().get(second, "").startswith("PENDING"), "it was put back")
        slurm.drain("gpu2")
        slurm.call("scontrol", "update", f"JobId={second}", "StartTime=now")  # Slurm lets it wait two minutes else
        heard.until(lambda: "waits in the queue" in heard.notes(), "people are told why it waits")
        slurm.resume("gpu1")
        heard.until(lambda: len(places(tmp_path)) == 3, "the same job runs again")
        assert places(tmp_path)[2][:2] == [second, "gpu1"]
        slurm.call("scontrol", "update", f"JobId={second}", "EndTime=now+1")
        heard.until(lambda: second not in slurm.jobs(), "it is at its time limit")
        assert second in slurm.jobs("TIMEOUT")
        heard.until(lambda: len(places(tmp_path)) == 4, "it runs in another job")
        (tmp_path / "0" / "enough").touch()
        heard.until(lambda: outcomes(heard.messages), "it ends")
        assert isinstance(outcomes(heard.messages)[0], SimulationResult)
    until(lambda: not slurm.jobs(), "every job was given back", 3 * KILL_WAIT_S)
    assert (tmp_path / "0" / "attempts.jsonl").read_text().count('"started"') == 4
    assert list((tmp_path / "keys of mine").iterdir()) == []


def test_a_controller_that_is_away_costs_no_job(
    slurm: Slurm, often: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CANCEL_AGAIN_S", 0.1)
    slurm.drain("gpu1", "gpu2")
    cluster = start_queue(settings(tmp_path), STEPS)
    try:
        heard = Heard(cluster)
        cluster.submit(job(tmp_path))
        heard.until(slurm.jobs, "it is in the queue")
        (number,) = slurm.jobs()
        slurm.stop("controller")
        silent = time.monotonic()
        heard.until(lambda: time.monotonic() - silent > 4 * batch.GONE_S, "nobody answers for a while")
        slurm.start_controller()
        slurm.resume("gpu1")
        heard.until(lambda: places(tmp_path), "it runs")
        assert places(tmp_path)[0][0] == number
        assert "has ended" not in heard.notes()
        slurm.stop("controller")
    finally:
        told = list(cluster.close())
        if "controller" not in slurm.processes:
            slurm.start_controller()
    (line,) = told
    assert line.startswith(f"jobs {number} may still be queued or running (")
    assert "Unable to contact slurm controller" in line


def test_an_interruption_while_a_job_is_submitted_leaves_no_job(
    slurm: Slurm, often: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of `sbatch` comes after Ctrl-C, and the signal does not reach it: it has a session of its own."""
    commands, session = tmp_path / "bin", tmp_path / "session"
    commands.mkdir()
    slow = commands / "sbatch"
    slow.write_text(f"""#!/bin/sh
answer=$({shutil.which("sbatch")} "$@")
cut -d ' ' -f 6 /proc/$$/stat > {session}.part
mv {session}.part {session}
sleep 2
echo "$answer"
""")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    with closing(start_queue(settings(tmp_path), STEPS)) as cluster:
        cluster.submit(job(tmp_path))

        def interrupt() -> None:
            until(session.exists, "it was submitted")
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(Interrupted), raise_on_signals():
            Heard(cluster).until(lambda: False, "it is interrupted", 30)
        thread.join()
        assert len(slurm.jobs()) == 1
    assert slurm.jobs("PENDING", "RUNNING") == {}
    assert int(session.read_text()) != os.getsid(0)


def test_what_slurm_refuses_and_what_never_starts_is_one_line(slurm: Slurm, often: None, tmp_path: Path) -> None:
    right = settings(tmp_path)
    wrong = right.model_copy(update={"simulation": right.simulation.model_copy(update={"queue": "nowhere"})})
    with closing(start_queue(wrong, STEPS)) as cluster:
        cluster.submit(job(tmp_path))
        with pytest.raises(ClusterLost, match=r"rejected a simulation job \(.*invalid partition specified: nowhere"):
            Heard(cluster).until(lambda: False, "it is refused", 30)
    with closing(start_queue(right.model_copy(update={"python": "/no/such python"}), STEPS)) as cluster:
        cluster.submit(job(tmp_path))
        with pytest.raises(ClusterLost, match=r"3 jobs in a row ended before their workers started; see .*logs"):
            Heard(cluster).until(lambda: False, "jobs end", 60)
    assert slurm.jobs("PENDING", "RUNNING") == {}
    assert "/no/such python" in "".join(path.read_text() for path in (tmp_path / "logs").glob("*.err"))
