"""Campaigns of real, tiny molecular dynamics on a real Slurm of this machine; see `schedulers` for what it consists of."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from schedulers import SLURM_PROGRAMS, Slurm, serving, until

from designer.config import load_config
from designer.store import CampaignStore, EvaluationRecord, open_store

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

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
  force_field: {{cutoff_nm: 0.45, switch_width_nm: 0.05}}
  protocol: {{compress_ps: 2, melt_ps: 3, cool_ps: 3, settle_ps: 2, sample_ps: {sample_ps}, record_interval_ps: 0.1}}
  execution: {{platform: CPU, checkpoint_interval_s: 0.5}}
cluster:
  kind: slurm
  listen: 127.0.0.1
  dashboard_port: 0
  log_folder: {folder}/logs
  simulations_per_gpu: 2
  simulation: {{jobs: 2, cores: 2, memory: 1GB, queue: gpu, walltime: "00:30:00", directives: ["--gres=gpu:1"]}}
  building: {{jobs: 1, cores: 1, memory: 1GB, queue: cpu, walltime: "00:30:00"}}
stop: {{evaluations: 4, failures_in_a_row: 1}}
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
    for job in slurm_server.jobs():
        slurm_server.call("scancel", job)
    until(lambda: not slurm_server.jobs(), "the queue is empty")


class Campaign:
    """A campaign as a process."""

    def __init__(self, folder: Path, sample_ps: float) -> None:
        self.folder, self.config = folder, folder / "queued.yaml"
        self.config.write_text(CONFIG.format(folder=folder, sample_ps=sample_ps))
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
            assert Counter(events)["part"] == 2  # built once, simulated once, whatever was interrupted


@pytest.fixture
def campaign(slurm: Slurm, tmp_path: Path) -> Iterator[Campaign]:
    own = Campaign(tmp_path, 4)
    yield own
    if own.process is not None and own.process.poll() is None:
        os.killpg(own.process.pid, signal.SIGKILL)
        own.process.wait()


def test_building_and_dynamics_run_in_jobs_of_their_own_with_two_simulations_to_a_gpu(
    slurm: Slurm, campaign: Campaign
) -> None:
    campaign.start()
    assert campaign.finish() == 0, campaign.told()
    until(lambda: not slurm.jobs(), "every job was given back", 10)
    campaign.check()
    by_job = Counter(campaign.seen.values())
    assert set(by_job) <= {("designer-building", ""), ("designer-simulation", "0"), ("designer-simulation", "1")}
    assert by_job["designer-building", ""] == 1
    assert 2 in by_job.values()  # two simulations at a time on one GPU
