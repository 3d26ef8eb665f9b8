"""Cost of the open campaign page, and its latency.

A campaign with 2,000 finished evaluations and 32 concurrent simulations of about half a minute, which report progress twice a second,
runs twice for the same time: once with the page open in Chromium, once without. The cost is the difference of the CPU times of
the campaign's process, as a fraction of the wall time.

python -m benchmarks.campaign_page [--json] [--quick]
"""

import itertools
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import answer, command_line, figure

SLOTS = 32
FINISHED = 2000


class Sleepers:
    """A cluster of simulations that only take time; its Dask scheduler has a dashboard and no workers."""

    slots = SLOTS

    def __init__(self, lasting_s):
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._lasting_s, self._jobs, self._told = lasting_s, {}, {}
        self._cluster = distributed.LocalCluster(
            n_workers=0,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
        self._client = distributed.Client(self._cluster)

    @property
    def client(self):
        return self._client

    @property
    def dashboard(self):
        return str(self._client.dashboard_link)

    def submit(self, job):
        now = time.monotonic()
        self._jobs[job.evaluation_id] = (
            job,
            now,
            now + self._lasting_s * (0.5 + (job.evaluation_id * 7919 % 100) / 100),
        )

    def submit_calculation(self, job):
        pass

    def messages(self, timeout_s):
        from designer.cluster import Finished, Outcome, Progressed
        from mdcore.chem import Measurement
        from mdcore.measure import Progress, SimulationResult

        time.sleep(timeout_s)
        now, heard = time.monotonic(), []
        for number, (_, begun, ends) in list(self._jobs.items()):
            if now < ends:
                share = (now - begun) / (ends - begun)
                heard.append(Progressed(number, Progress("sampling", share, share, 150.0, ends - now)))
                continue
            del self._jobs[number]
            values = {
                "refractive_index": 1.4 + (number * 7919 % 997) / 3000,
                "abbe_number": 20.0 + number * 104729 % 41,
            }
            measured = tuple(Measurement(p, v, 0.01, "1", "md-quick-2", {}) for p, v in values.items())
            heard.append(Finished(number, Outcome(SimulationResult(measured, {}, {"platform": "CPU"}), "w:1", 30.0)))
        return heard

    def close(self):
        self._client.close()
        self._cluster.close()
        return ()


class Chains:
    """Proposes distinct chains."""

    def __init__(self):
        self._words = (
            "".join(w) for n in range(3, 12) for w in itertools.product(("C", "O", "C(C)", "C(F)"), repeat=n)
        )

    def propose(self, n, records, taken):
        from designer.campaign.proposal import Proposal
        from generators import Candidate
        from mdcore.chem import RepeatUnit

        found = []
        while len(found) < n:
            unit = RepeatUnit.from_psmiles(f"*C{next(self._words)}C*")
            if unit.key not in taken and "OO" not in unit.key:
                found.append(Proposal(Candidate(unit, -1.0, "benchmark"), in_corpus=False, step="acquisition"))
                taken = {*taken, unit.key}
        return found


LOOK = """
import sys, time
from playwright.sync_api import sync_playwright
with sync_playwright() as driver:
    browser = driver.chromium.launch(executable_path=sys.argv[2], args=["--no-sandbox"])
    page = browser.new_page()
    page.goto(sys.argv[1])
    page.get_by_text("evaluations finished").first.wait_for(timeout=60000)
    print("open", flush=True)
    sys.stdin.read()
    browser.close()
"""


def run(folder, seconds, looking):
    """Run the campaign for a while; return CPU seconds of this process per wall second, and the fraction due to the page's queries."""
    from designer import Campaign, CampaignConfig
    from designer.progress.listener import SilentListener

    config = CampaignConfig.model_validate(
        {
            "name": "page",
            "folder": str(folder),
            "objectives": [{"property": "refractive_index"}, {"property": "abbe_number"}],
            "stop": {"wall_time_h": 1.0},
        }
    )
    state = {}

    class Listener(SilentListener):
        def note(self, text):
            if "campaign page" in text:
                state["url"] = text.split(": ")[1]

    class Bounded(Sleepers):
        def messages(self, timeout_s):
            if looking and "browser" not in state:
                chromium = shutil.which("chromium")
                state["browser"] = subprocess.Popen(
                    [sys.executable, "-c", LOOK, state["url"], chromium],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
                state["browser"].stdout.readline()
            if "begun" not in state and time.monotonic() - state.setdefault("first", time.monotonic()) > 5:
                state["begun"] = time.monotonic(), time.process_time()
            if "begun" in state and time.monotonic() - state["begun"][0] > seconds:
                wall, cpu = state["begun"]
                state["share"] = (time.process_time() - cpu) / (time.monotonic() - wall)
                raise KeyboardInterrupt
            return super().messages(timeout_s)

    campaign = Campaign(config, listener=Listener(), proposer=Chains(), start_cluster=lambda: Bounded(30.0))
    fill(campaign)
    try:
        campaign.run()
    except KeyboardInterrupt:
        pass
    finally:
        if "browser" in state:
            state["browser"].stdin.close()
            state["browser"].wait()
    return state["share"]


def fill(campaign):
    """Add the finished evaluations to the store, in one transaction."""
    from designer.store.orm import CandidateRow, EvaluationRow, MeasurementRow

    now = time.time()
    with campaign.store.transaction() as session:
        for i, proposal in enumerate(Chains().propose(FINISHED, (), set()), 1):
            unit = proposal.candidate.unit
            who = {"campaign_id": campaign.store.campaign_id, "created_at": now}
            values = {"refractive_index": 1.3 + (i * 7919 % 997) / 3000, "abbe_number": 15.0 + i * 104729 % 41}
            session.add(
                EvaluationRow(
                    **who, ordinal=i, state="done", step="acquisition", settings_digest="d", seed=0, folder=f"e/{i}",
                    predicted={}, attempts=1, wall_s=30.0, diagnostics={}, provenance={"platform": "CPU"},
                    started_at=now, finished_at=now,
                    candidate=CandidateRow(**who, key=unit.key, psmiles=unit.key, origin="benchmark", in_corpus=False),
                    measurements=[
                        MeasurementRow(property=p, value=v, stderr=0.01, unit="1", fidelity="md-quick-2", provenance={})
                        for p, v in values.items()
                    ],
                )
            )  # fmt: skip


def main():
    parser = command_line(__doc__, "20 s for each half instead of 120; the result is not saved")
    options = parser.parse_args()
    seconds = 20.0 if options.quick else 120.0
    shares = {}
    for looking in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            shares[looking] = run(Path(folder), seconds, looking)
    figures = {
        "page_cost": figure(100 * (shares[True] - shares[False]), "% of the campaign's time", {"at_most": 2.0}),
        "cpu_without_page": figure(100 * shares[False], "% of a core"),
        "cpu_with_page": figure(100 * shares[True], "% of a core"),
    }
    answer("campaign_page", figures, keep=not options.quick, slots=SLOTS, finished=FINISHED, seconds=seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
