"""A campaign on real processes and real, tiny molecular dynamics, killed with kill -9 at random moments and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from faulty_campaign import records_of

from designer.store import EvaluationRecord

pytestmark = pytest.mark.seconds(80)

# What each kill waits for, before a further random while: it shall hit every part of a campaign's life.
KILLS = ("start", "attempts.jsonl", "run/checkpoint.npz", "result.json")
EVALUATIONS = 4

# Cells of some 180 atoms and a few ps: they measure nothing, but every stage, checkpoint and file of a real simulation is there.
CONFIG = """
name: killed
seed: 11
folder: {folder}
objectives: [{{property: density}}]
corpus: {{reactions: false}}
generator: {{order: 4, pool: 8, smc: {{particles: 16, max_top_up: 5}}}}
constraints: {{max_heavy_atoms: 8, elements: [H, C, O]}}
initial: {{kind: list, psmiles: ['*CC*', '*CCO*', '*CC(*)C']}}
simulation:
  cell: {{n_chains: 3, atoms_per_chain: 60}}
  force_field: {{cutoff_nm: 0.45, switch_width_nm: 0.05, ewald_tolerance: 9.0e-3}}
  protocol: {{compress_ps: 2, melt_ps: 3, cool_ps: 3, settle_ps: 2, sample_ps: 4, record_interval_ps: 0.1}}
  execution: {{platform: CPU, checkpoint_interval_s: 0.5}}
cluster: {{workers: 1, dashboard_port: 0}}
stop: {{evaluations: {evaluations}}}
"""


def start(config: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with log.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "designer", "run", str(config), "--no-report"],
            stdout=stream,
            stderr=stream,
            env=environment,
            start_new_session=True,
        )


def attempts(folder: Path) -> list[str]:
    lines = (folder / "attempts.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def wait_for_change(folder: Path, name: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a file of this name is written anew in the folder of some evaluation."""

    def state() -> list[tuple[Path, int]]:
        return [(path, path.stat().st_mtime_ns) for path in sorted(folder.glob(f"evaluations/*/{name}"))]

    before, deadline = state(), time.monotonic() + 240
    while state() == before and process.poll() is None:
        assert time.monotonic() < deadline, f"no {name} was written"
        time.sleep(0.02)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "killed.yaml"
    path.write_text(CONFIG.format(folder=tmp_path / "run", evaluations=EVALUATIONS))
    return path


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_exactly_what_was_asked_for(config: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    log = tmp_path / "campaign.log"
    done_before: dict[int, EvaluationRecord] = {}
    results: dict[Path, bytes] = {}
    for event in KILLS:
        process = start(config, log)
        if event == "start":
            time.sleep(rng.uniform(1.0, 6.0))
        else:
            wait_for_change(tmp_path / "run", event, process)
            time.sleep(rng.uniform(0.0, 1.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for record in records_of(config):
            if record.state == "done":
                assert done_before.setdefault(record.id, record) == record  # what is recorded stays as it is
        for path in (tmp_path / "run" / "evaluations").glob("*/result.json"):
            assert results.setdefault(path, path.read_bytes()) == path.read_bytes()

    process = start(config, log)
    assert process.wait(timeout=400) == 0, log.read_text()
    records = records_of(config)

    assert [record.ordinal for record in records] == list(range(1, EVALUATIONS + 1))
    assert {record.state for record in records} == {"done"}, [record.failure for record in records]
    assert len({record.key for record in records}) == EVALUATIONS
    assert done_before.items() <= {record.id: record for record in records}.items()
    folders = sorted(path for path in (tmp_path / "run" / "evaluations").iterdir())
    assert folders == [tmp_path / "run" / record.folder for record in records]
    interrupted = 0
    for record, folder in zip(records, folders, strict=True):
        events = attempts(folder)
        interrupted += events.count("started") - 1
        # Only an end that could not be recorded in the store any more is told twice, and the second time nothing is computed.
        assert events.count("done") >= 1
        assert_simulated_once(folder)
        density = record.measured("density")
        assert density is not None
        assert density.value == json.loads((folder / "result.json").read_text())["result"]["measurements"][0]["value"]
        if folder / "result.json" in results:
            assert results[folder / "result.json"] == (folder / "result.json").read_bytes()
    assert interrupted >= 1, "no simulation was hit: the kills came too early or too late"
    assert sum(record.attempts for record in records) > EVALUATIONS


def assert_simulated_once(folder: Path) -> None:
    """The series holds each moment of simulated time once, from the first stage to the last."""
    (path,) = folder.rglob("series.npz")
    with np.load(path) as series:
        columns = [str(name) for name in series["columns"]]
        table = series["table"]
    times = table[:, columns.index("time_ps")]
    assert len(times) > 20
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() < 1.0, "a gap: some of the simulation was lost"


@pytest.mark.slow
def test_nothing_survives_a_driver_that_is_killed_alone(config: Path, tmp_path: Path) -> None:
    process = start(config, tmp_path / "campaign.log")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run").glob("evaluations/*/attempts.jsonl")):
        assert time.monotonic() < deadline, (tmp_path / "campaign.log").read_text()
        time.sleep(0.2)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []
