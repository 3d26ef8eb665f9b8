"""A campaign of real, tiny molecular dynamics under a random mix of faults; it ends with exactly what was asked for.

It runs for `DESIGNER_FAULTS_MINUTES` of faults, half a minute if that is not set, and as long again to end in peace and
to be compared with a campaign that nothing happened to:

    DESIGNER_FAULTS_MINUTES=20 python -m pytest tests/integration/test_designer_faults.py -n0

Its log is kept in the folder `DESIGNER_FAULTS_LOG`; in the test's own temporary folder otherwise.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from faulty_campaign import SmallDisk, Trial, records_of, torment

from mdcore.dynamics.bundle import SimulationBundle

pytestmark = pytest.mark.seconds(130)

MINUTES = float(os.environ.get("DESIGNER_FAULTS_MINUTES", "0.5"))
SEED = int(os.environ.get("DESIGNER_FAULTS_SEED", "7"))
EVALUATIONS = max(4, round(4 * MINUTES))
FAULTS = (
    "kill_worker", "kill_campaign", "kill_all", "interrupt", "lock_store", "jump_clock", "freeze_worker", "fill_disk",
    "damage", "damage",
)  # fmt: skip


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    own = Trial(tmp_path, EVALUATIONS, SEED)
    yield own
    own.stop()


def check(trial: Trial) -> None:
    """The exact set: as many as asked for, all done, each simulated once without gaps."""
    records = trial.records()
    assert [record.ordinal for record in records] == list(range(1, EVALUATIONS + 1))
    assert {record.state for record in records} == {"done"}, [record.failure for record in records if record.failure]
    assert len({record.key for record in records}) == EVALUATIONS
    folders = sorted(path for path in (trial.run_folder / "evaluations").iterdir())
    assert folders == [trial.run_folder / record.folder for record in records]
    for record, folder in zip(records, folders, strict=True):
        stored = json.loads((folder / "result.json").read_text())["result"]["measurements"][0]["value"]
        density = record.measured("density")
        assert density is not None
        assert density.value == stored
        with np.load(folder / "run" / "series.npz") as series:
            times = series["table"][:, [str(name) for name in series["columns"]].index("time_ps")]
        assert (np.diff(times) > 0).all()  # each moment once
        assert np.diff(times).max() < 0.2  # none lost
    with sqlite3.connect(trial.store) as connection:
        assert connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def compare(trial: Trial) -> None:
    """A campaign that nothing happens to proposes the same and measures the same.

    To the last digit, as long as a simulation goes on from no checkpoint at constant pressure: the barostat's random numbers are
    others then, and only the two means must agree.
    """
    trial.clock.write_text("0")
    config = trial.write_config("undisturbed", trial.folder / "undisturbed")
    trial.start(config)
    assert trial.process is not None
    assert trial.process.wait(timeout=3000) == 0, trial.log[-3000:]

    def measured(path: Path) -> dict[str, tuple[int, float, float]]:
        found = {}
        for record in records_of(path):
            density = record.measured("density")
            assert density is not None
            found[record.psmiles] = (record.ordinal, density.value, density.stderr)
        return found

    found, expected = measured(trial.config), measured(config)
    assert list(found) == list(expected)
    parted = [psmiles for psmiles in found if found[psmiles] != expected[psmiles]]
    for psmiles in parted:
        (ordinal, value, stderr), (_, other, other_stderr) = found[psmiles], expected[psmiles]
        constant_pressure, told = parting(trial, ordinal)
        told = "\n".join([*trial.happened, told])
        assert constant_pressure, told
        assert abs(value - other) < 5 * float(np.hypot(stderr, other_stderr)), told
    trial.note(f"the same evaluations as of an undisturbed campaign, {len(found) - len(parted)} with the same digits")
    if parted:
        trial.note(f"{len(parted)} went on at constant pressure and agree within their errors")


def parting(trial: Trial, ordinal: int) -> tuple[bool, str]:
    """Return whether an evaluation left the undisturbed one when it went on at constant pressure, and what happened to it."""
    own, other = (
        path.parent / next(record.folder for record in records_of(config) if record.ordinal == ordinal)
        for config, path in (
            (trial.config, trial.store),
            (trial.folder / "undisturbed.yaml", trial.folder / "undisturbed" / "store.sqlite"),
        )
    )
    lines = [f"evaluation {ordinal} differs"]
    for name in ("attempts.jsonl", "damaged.jsonl", "run/damaged.jsonl"):
        if (own / name).exists():
            lines.append(f"{name}:\n{(own / name).read_text()}")
    hashes = [SimulationBundle.read(folder / "bundle").content_hash for folder in (own, other)]
    lines.append(f"bundles {hashes}")
    tables = []
    for folder in (own, other):
        with np.load(folder / "run" / "series.npz") as series:
            tables.append(series["table"])
    rows = min(map(len, tables))
    first = int((tables[0][:rows] == tables[1][:rows]).all(axis=1).argmin())
    stage = SimulationBundle.read(own / "bundle").stages[int(tables[0][first, 0])]
    lines.append(f"the first {first} of {rows} rows are the same, the next is of stage {stage.name}")
    npt = stage.barostat_kind is not None
    resumed = json.loads((own / "run" / "run.json").read_text())["resumed"] > 0
    return hashes[0] == hashes[1] and first > 0 and npt and resumed, "\n".join(lines)


@pytest.mark.slow
@pytest.mark.timeout(120 * MINUTES + 3600)
def test_after_a_mix_of_faults_the_campaign_is_the_undisturbed_one(trial: Trial) -> None:
    faults = tuple(fault for fault in FAULTS if fault != "fill_disk" or trial.disk.refusal is None)
    torment(trial, faults, (1.0, 6.0), lambda: time.monotonic() - trial.began > 60 * MINUTES)
    trial.finish(timeout_s=3000)
    check(trial)
    assert len(trial.records()) == EVALUATIONS
    trial.note("ended with the exact set")
    trial.note(", ".join(f"{name} {count}" for name, count in sorted(trial.counts.items())))
    compare(trial)


def test_a_small_disk_can_be_filled(tmp_path: Path) -> None:
    disk = SmallDisk(tmp_path / "disk", 1)
    if disk.refusal:
        pytest.skip(f"{disk.refusal}; a full disk is left out of the mix of faults")
    try:
        disk.fill(0)
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "disk" / "file").write_bytes(bytes(8192))
        disk.free()
        (tmp_path / "disk" / "file").write_bytes(bytes(8192))
    finally:
        disk.close()
