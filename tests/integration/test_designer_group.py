"""Two campaigns of a group on one real PostgreSQL server: work is shared, never done twice, and outages are waited for."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from designer.store import CampaignStore, EvaluationRecord, open_store

pytestmark = [pytest.mark.seconds(130), pytest.mark.slow, pytest.mark.postgres]
ROOT = Path(__file__).parents[2]
UNITS = [f"*{'C' * n}O*" for n in range(1, 9)]

# A campaign whose simulations take a second and leave a line each at their start and at their end.
SCRIPT = """
import sys, time
from pathlib import Path
import cloudpickle
from designer import Campaign, CampaignConfig
from designer.campaign.proposal import Proposal
from designer.cluster.local import start_local
from designer.progress.plain import PlainListener
from designer.store.knowledge import is_own
from generators import Candidate
from mdcore.chem import Measurement, RepeatUnit
from mdcore.measure import Progress, SimulationResult

cloudpickle.register_pickle_by_value(sys.modules[__name__])
name, folder, store, ledger, reverse = sys.argv[1:]
units = {units!r}[:: -1 if reverse == "yes" else 1]

def simulate(substance, settings, *, seed, out, properties, progress=None, **_):
    unit = substance.unit

    def note(what):
        with open(ledger, "a") as stream:
            stream.write(f"{{what}} {{name}} {{unit.key}}\\n")
    note("begun")
    progress(Progress("sampling", 0.5, 0.5))
    time.sleep(1.5)
    note("done")
    return SimulationResult((Measurement("density", unit.n_heavy_atoms / 10, 0.01, "g/cm3", "md-quick-2"),), {{}}, {{}})

class Listed:
    def propose(self, n, records, taken):
        own = {{r.key for r in records if is_own(r, name)}}
        new = [u for u in map(RepeatUnit.from_psmiles, units) if u.key not in own]
        return [Proposal(Candidate(u, None, "list"), in_corpus=False, step="initial") for u in new[:n]]

if __name__ == "__main__":
    config = CampaignConfig.model_validate({{
        "name": name, "folder": folder, "store": store, "objectives": [{{"property": "density"}}],
        "cluster": {{"workers": 1, "dashboard_port": 0}}, "stop": {{"evaluations": len(units)}},
    }})
    campaign = Campaign(config, proposer=Listed(), listener=PlainListener(sys.stderr),
                        start_cluster=lambda: start_local(config.cluster, simulate))
    print(campaign.run())
"""


class Member:
    """One campaign of the group."""

    def __init__(self, folder: Path, name: str, store: str, *, reverse: bool) -> None:
        self.folder, self.name, self.store = folder, name, store
        script = folder / "member.py"
        script.write_text(SCRIPT.format(units=UNITS))
        self.arguments = [name, str(folder / name), store, str(folder / "ledger.txt"), "yes" if reverse else "no"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(self.folder / "member.py"), *self.arguments],
                stdout=log, stderr=log, env=environment, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def finish(self) -> None:
        assert self.process is not None
        assert self.process.wait(timeout=240) == 0, self.log()

    def log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text()

    def records(self) -> tuple[EvaluationRecord, ...]:
        engine = open_store(self.store)
        try:
            return CampaignStore.find(engine, self.name).evaluations()
        finally:
            engine.dispose()


def said(folder: Path, what: str) -> list[str]:
    path = folder / "ledger.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if line.startswith(what)]


def wait(until: object, log: object) -> None:
    deadline = time.monotonic() + 120
    while not until():
        assert time.monotonic() < deadline, log()
        time.sleep(0.1)


def test_two_campaigns_share_their_work_and_one_that_is_killed_gives_its_claims_back(
    tmp_path: Path, postgres_url: str
) -> None:
    ada = Member(tmp_path, "ada", postgres_url, reverse=False)
    bob = Member(tmp_path, "bob", postgres_url, reverse=True)
    try:
        ada.start(), bob.start()
        wait(
            lambda: len({line.split()[1] for line in said(tmp_path, "done")}) == 2, ada.log
        )  # both have done something
        by_ada = " ada "
        wait(
            lambda: (
                sum(by_ada in x for x in said(tmp_path, "begun")) > sum(by_ada in x for x in said(tmp_path, "done"))
            ),
            ada.log,
        )
        ada.kill()
        bob.finish()
        ada.start()
        ada.finish()
    finally:
        for member in (ada, bob):
            if member.process is not None and member.process.poll() is None:
                member.kill()
    # Each polymer was simulated to its end once, whoever it was; both have them all.
    assert Counter(line.split()[-1] for line in said(tmp_path, "done")).most_common(1)[0][1] == 1
    assert len(said(tmp_path, "done")) == len(UNITS)
    assert {line.split()[1] for line in said(tmp_path, "done")} == {"ada", "bob"}
    values = []
    for member in (ada, bob):
        records = member.records()
        assert {record.state for record in records} == {"done"}
        assert any(record.shared_from for record in records)
        values.append({record.key: record.measured("density").value for record in records})
    assert values[0] == values[1]
    assert len(values[0]) == len(UNITS)


def test_a_server_that_is_away_for_a_while_is_waited_for(tmp_path: Path, postgres_server: object) -> None:
    url = f"{postgres_server.url}/postgres"
    ada = Member(tmp_path, "ada", url, reverse=False)
    try:
        ada.start()
        wait(lambda: len(said(tmp_path, "done")) >= 2, ada.log)
        postgres_server.stop()
        time.sleep(15)
        assert ada.process.poll() is None, ada.log()
        postgres_server.start()
        ada.finish()
    finally:
        if ada.process is not None and ada.process.poll() is None:
            ada.kill()
    log = ada.log()
    assert "waiting up to" in log
    assert "the store answers again" in log
    assert sorted(Counter(line.split()[-1] for line in said(tmp_path, "done")).values()) == [1] * len(UNITS)
    assert {record.state for record in ada.records()} == {"done"}


def test_a_password_of_the_store_is_never_told(tmp_path: Path, postgres_server: object) -> None:
    """Not in the log, nor in what the store, the report or an error say."""
    secret = "s3cr3t-h0rse"
    url = f"{postgres_server.url}/postgres".replace("tester@", f"tester:{secret}@")
    ada = Member(tmp_path, "ada", url, reverse=False)
    try:
        ada.start()
        wait(lambda: len(said(tmp_path, "done")) >= 1, ada.log)
        postgres_server.stop()
        time.sleep(3)
        postgres_server.start()
        ada.finish()
    finally:
        if ada.process is not None and ada.process.poll() is None:
            ada.kill()
    engine = open_store(url)
    store = CampaignStore.find(engine)
    told = [ada.log(), str(store.campaign()), str(store.events()), repr(engine), *map(str, store.evaluations())]
    engine.dispose()
    assert not [text for text in told if secret in text]
    from designer.cli.main import run

    for command in (["status"], ["report", "--out", str(tmp_path / "report.html")], ["export"], ["migrate"]):
        process = subprocess.run(
            [sys.executable, "-m", "designer", command[0], url, *command[1:]],
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip
        assert process.returncode == 0, process.stderr
        assert secret not in process.stdout + process.stderr
    assert secret not in (tmp_path / "report.html").read_text()
    postgres_server.stop()
    assert run(["status", url]) == 2
