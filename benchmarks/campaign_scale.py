"""Overhead of a campaign: ten thousand instantaneous evaluations through the full loop.

The store is an SQLite file, the workers are Dask processes. Candidates come from the corpus of known and enumerated polymers; surrogates
are refitted when the data have doubled, and choose two hundred at a time by Thompson sampling. The cost of generators is measured
elsewhere. A second part fills a store with 100,000 measurements and times opening it, resuming its campaign, and `status`.

    python -m benchmarks.campaign_scale [--quick] [--json]
"""

# ruff: noqa: E402 - threads are set before libraries are imported

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# One thread per process: the campaign and the simulations of its two workers.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import psutil
from sqlalchemy import insert

from benchmarks.common import answer, command_line, figure
from designer import Campaign, CampaignConfig
from designer.campaign.ledger import Ledger
from designer.campaign.observations import observations_of, unit_of
from designer.campaign.proposal import Proposal
from designer.progress.listener import SilentListener
from designer.store import CampaignStore, EvaluationRecord, create_store
from designer.store.knowledge import briefs, newest_number, news
from designer.store.orm import CandidateRow, CounterRow, EvaluationRow, MeasurementRow
from generators import Candidate, CorpusSettings
from mdcore.chem import RepeatUnit

FULL, QUICK = 10_000, 1_500
FIRST_FIT, POOL, BATCH = 100, 600, 200
MEASUREMENTS = 100_000
PROPERTIES = ("refractive_index", "abbe_number", "density")


def instant(polymer, settings, *, seed, out, properties, progress=None, shared=None):
    """Return a smooth function of the repeat unit at once."""
    from mdcore.chem import Measurement, property_spec
    from mdcore.measure import SimulationResult

    unit = polymer.unit
    size, mass = unit.n_heavy_atoms, unit.molar_mass_g_mol
    values = {
        "refractive_index": 1.35 + 0.3 * mass / (mass + 12 * size),
        "abbe_number": 20 + 600 / (size + 8),
        "density": 0.8 + 0.02 * mass / size,
    }
    measured = (Measurement(p, values[p], 0.001, property_spec(p).unit, settings.fidelity, {}) for p in properties)
    return SimulationResult(tuple(measured), {"n_atoms": 10 * size}, {"seed": seed, "key": unit.key})


class Meter(SilentListener):
    """Records the finish time of each evaluation and the memory of the campaign's process."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.memory: list[tuple[int, float]] = []
        self._process = psutil.Process()

    def note(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    def finished(self, record: EvaluationRecord, front: Sequence[EvaluationRecord]) -> None:
        self.at.append(time.perf_counter())
        if len(self.at) % 250 == 0:
            self.memory.append((len(self.at), self._process.memory_info().rss / 2**20))
            sys.stderr.write(f"{len(self.at)} {self.at[-1] - self.at[0]:.0f} s {self.memory[-1][1]:.0f} MiB\n")


def configuration(folder: Path, evaluations: int) -> CampaignConfig:
    return CampaignConfig.model_validate(
        {
            "name": "scale",
            "seed": 1,
            "folder": str(folder),
            "objectives": [{"property": "refractive_index"}, {"property": "abbe_number"}],
            "corpus": {"reactions": False},
            "novelty": "allowed",
            "constraints": {"max_heavy_atoms": 30},
            "surrogates": {"features": "fingerprints", "columns": 512, "restarts": 1, "exact_points": 500, "inducing_points": 100},
            "simulation": {"properties": ["refractive_index"]},
            "acquisition": {"method": "thompson", "samples": 8, "shortlist": 64},
            "initial": {"kind": "prior", "evaluations": 100},
            "cluster": {"workers": 2, "dashboard_port": 0, "ahead": 100},
            "stop": {"evaluations": evaluations},
        }
    )  # fmt: skip


def expect(what: str, found: object, expected: object) -> None:
    """Stop the benchmark if the campaign did not do what is measured."""
    if found != expected:
        raise RuntimeError(f"{what}: expected {expected}, got {found}")


def loop(folder: Path, evaluations: int) -> dict[str, object]:
    """Run the full loop and return its figures."""
    import cloudpickle

    from designer.cluster.local import start_local

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    config, meter = configuration(folder, evaluations), Meter()
    proposer = CorpusProposer(config)
    campaign = Campaign(
        config, listener=meter, proposer=proposer, start_cluster=lambda: start_local(config.cluster, instant)
    )
    started = time.perf_counter()
    campaign.run()
    total = time.perf_counter() - started
    counts = campaign.store.counts()
    expect("finished evaluations", counts["done"], evaluations)
    keys = {record.key for record in briefs(campaign.store)}
    expect("distinct candidates", len(keys), evaluations)
    campaign.store.close()
    gaps = np.diff(meter.at)
    fifth = len(gaps) // 5
    own = (total - proposer.spent_s) / evaluations
    return {
        "evaluations": figure(evaluations, "1"),
        "evaluations_per_s": figure(round(evaluations / total, 1), "1/s", {"at_least": 20}),
        "time_of_surrogates": figure(round(proposer.spent_s, 1), "s"),
        "refits": figure(len(proposer.refits), "1"),
        "last_refit": figure(round(proposer.refits[-1][1], 1), "s"),
        "loop_without_them_per_evaluation": figure(round(1e3 * own, 2), "ms"),
        "median_gap_first_fifth": figure(round(1e3 * float(np.median(gaps[:fifth])), 2), "ms"),
        "median_gap_last_fifth": figure(round(1e3 * float(np.median(gaps[-fifth:])), 2), "ms"),
        "memory_growth_second_half": figure(_growth(meter.memory), "MiB"),
        "memory_at_end": figure(round(meter.memory[-1][1]), "MiB"),
    }


class CorpusProposer:
    """Chooses from the corpus with surrogates refitted on a schedule; measures the time."""

    def __init__(self, config: CampaignConfig) -> None:
        from generators import load_corpus

        self._config = config
        self._units = list(load_corpus(CorpusSettings()).units)
        np.random.default_rng(1).shuffle(self._units)
        self._chosen: list[RepeatUnit] = []
        self._surrogates, self._learnt_from = None, 0
        self.spent_s, self.refits = 0.0, []

    def propose(self, n, records, taken):
        started = time.perf_counter()
        if len(self._chosen) < n:
            self._choose(records, taken)
        chosen, self._chosen = self._chosen[:n], self._chosen[n:]
        self.spent_s += time.perf_counter() - started
        return [Proposal(Candidate(unit, None, "corpus"), in_corpus=True, step="acquisition") for unit in chosen]

    def _choose(self, records, taken) -> None:
        from surrogates import fit_surrogates, select_batch

        config = self._config
        known = sum(record.state == "done" for record in records)
        if known >= FIRST_FIT and known >= 2 * self._learnt_from:
            started = time.perf_counter()
            observations = observations_of(records, config.modelled(), config.fidelity())
            settings = config.surrogates.model_copy(update={"fidelity": config.fidelity()})
            self._surrogates, self._learnt_from = (
                fit_surrogates(observations, config.modelled(), settings, seed=1),
                known,
            )
            self.refits.append((known, time.perf_counter() - started))
        waiting = {unit.key for unit in self._chosen}
        pool = []
        while self._units and len(pool) < POOL:
            unit = RepeatUnit.from_psmiles(self._units.pop())
            if unit.key not in taken and unit.key not in waiting:
                pool.append(unit)
        if self._surrogates is None:
            self._chosen += pool
            return
        pending = [unit_of(record.psmiles) for record in records if record.state in ("proposed", "running")][:BATCH]
        wanted = min(BATCH, len(pool))
        chosen = select_batch(
            self._surrogates, pool, config.objective_list(), wanted, pending, settings=config.acquisition, seed=known
        )
        picked = set(chosen.indices)
        self._chosen += [pool[i] for i in chosen.indices]
        self._units[:0] = [unit.psmiles for i, unit in enumerate(pool) if i not in picked]


def _growth(memory: list[tuple[int, float]]) -> float:
    half = [value for _, value in memory[len(memory) // 2 :]]
    return round(half[-1] - half[0], 1)


def large_store(folder: Path, measurements: int) -> dict[str, object]:
    """Fill a store and time opening it, starting the loop of its campaign, and `status`."""
    config = configuration(folder, 10**6)
    digest, n = config.settings_digest(), measurements // len(PROPERTIES)
    engine = create_store(config.store_url())
    store = CampaignStore.begin(engine, name="scale", seed=1, config=config.document(), identity=config.identity())
    provenance = {
        "seed": 1,
        "settings": config.simulation_settings().model_dump(mode="json"),
        "versions": {"openmm": "8"},
    }
    with engine.begin() as connection:
        for start in range(0, n, 5000):
            numbers = range(start + 1, min(start + 5000, n) + 1)
            connection.execute(insert(CandidateRow), [
                {"id": i, "campaign_id": store.campaign_id, "key": f"key-{i}", "psmiles": "*CC*", "origin": "smc",
                 "in_corpus": False, "created_at": 0.0} for i in numbers
            ])  # fmt: skip
            connection.execute(insert(EvaluationRow), [
                {"id": i, "campaign_id": store.campaign_id, "candidate_id": i, "ordinal": i, "state": "done",
                 "step": "acquisition", "settings_digest": digest, "seed": 1, "folder": f"evaluations/{i:05d}",
                 "predicted": {"density": [1.0, 0.1]}, "created_at": 0.0, "finished_at": float(i), "finished_no": i,
                 "provenance": provenance, "diagnostics": {"n_atoms": 600}} for i in numbers
            ])  # fmt: skip
            connection.execute(insert(MeasurementRow), [
                {"evaluation_id": i, "property": name, "value": 1.0 + (i * 7919 % 1000) / 1e4, "stderr": 0.01, "unit": "1",
                 "fidelity": "md-quick-2", "provenance": {}} for i in numbers for name in PROPERTIES
            ])  # fmt: skip
        connection.execute(CounterRow.__table__.update().values(value=n))
    engine.dispose()
    started = time.perf_counter()
    campaign = Campaign(config)
    expect("reason to stop", campaign.finished_reason(), None)
    ledger = Ledger(campaign.objectives, config.limit_list())
    newest_number(campaign.store)
    ledger.load(briefs(campaign.store))
    news(campaign.store, digest, 0, own=False)
    expect("evaluations in the ledger", ledger.finished, n)
    seconds = time.perf_counter() - started
    campaign.store.close()
    return {"start_and_resume_100000_measurements": figure(round(seconds, 2), "s", {"at_most": 10})}


def main() -> None:
    options = command_line(__doc__, "1,500 evaluations").parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-scale-") as folder:
        figures = large_store(Path(folder) / "large", MEASUREMENTS)
        figures |= loop(Path(folder) / "loop", QUICK if options.quick else FULL)
    answer("campaign_scale", figures, keep=not options.quick)


if __name__ == "__main__":
    main()
