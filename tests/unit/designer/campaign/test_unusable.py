"""An estimate without a finite value and error is a failure, wherever it turns up; old stores that hold one go on."""

import math
from pathlib import Path

import numpy as np
import pytest
from instant_trials import Alkanes, InstantCluster
from sqlalchemy import update

from designer import Campaign, CampaignConfig
from designer.campaign.observations import observations_of
from designer.cluster import Job
from designer.store import CampaignStore, create_store
from designer.store.export import export_rows
from designer.store.knowledge import briefs, news
from designer.store.orm import MeasurementRow
from mdcore.chem import Failure, Measurement, RepeatUnit, unconverged
from mdcore.measure import SimulationResult, complete, simulate
from mdcore.measure.result import write_result
from mdcore.settings import SimulationSettings

NOTHING = {"worker": "host:1", "wall_s": 2.0, "diagnostics": {}, "provenance": {"seed": 7}}
UNUSABLE = [(1.0, math.inf), (1.0, math.nan), (math.nan, 0.1), (math.inf, 0.1), (1.0, -0.1)]


def density(value: float, stderr: float) -> Measurement:
    return Measurement("density", value, stderr, "g/cm3", "md-quick-2", {})


def finished(store: CampaignStore, key: str, value: float, stderr: float):
    record = store.propose(
        key=key, psmiles=key, origin="smc", log_prior=None, in_corpus=False, step="initial", settings_digest="d",
        acquisition=None, predicted={},
    )  # fmt: skip
    return store.finish(record.id, (density(value, stderr),), **NOTHING)


@pytest.fixture
def store(tmp_path: Path):
    engine = create_store(f"sqlite:///{tmp_path}/store.sqlite")
    yield CampaignStore.begin(engine, name="trial", seed=7, config={}, identity={})
    engine.dispose()


@pytest.mark.parametrize(("value", "stderr"), UNUSABLE)
def test_what_has_no_finite_value_and_error_is_recorded_as_a_failure(
    store: CampaignStore, value: float, stderr: float
) -> None:
    record = finished(store, "*CC*", value, stderr)
    assert (record.state, record.measurements) == ("failed", ())
    assert record.failure is not None
    assert record.failure.kind == "unconverged"
    assert "density" in record.failure.message
    assert "lengthen protocol.sample_ps" in record.failure.message
    assert finished(store, "*CO*", 1.0, 0.0).state == "done"
    assert unconverged((density(1.0, 0.0), density(1.1, 0.3))) is None


def test_an_old_result_on_disk_is_a_failure_too(tmp_path: Path) -> None:
    unit, settings = RepeatUnit.from_psmiles("*CC*"), SimulationSettings()
    identity = complete._Job.of(unit, settings, 1, ("density",), None).identity()
    write_result(tmp_path / "result.json", identity, SimulationResult((density(0.9, math.inf),), {}, {"seed": 1}))
    outcome = simulate(unit, settings, seed=1, out=tmp_path)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "unconverged"
    assert outcome.message.startswith("the standard error of density is inf")
    assert outcome.provenance == {"seed": 1}


def test_an_old_store_that_holds_an_infinite_error_is_read_as_a_failure(store: CampaignStore) -> None:
    good, bad = finished(store, "*CC*", 0.9, 0.01), finished(store, "*CO*", 1.2, 0.01)
    with store.transaction() as session:
        session.execute(
            update(MeasurementRow).where(MeasurementRow.evaluation_id == bad.id).values(stderr=float("inf"))
        )
    assert [r.state for r in store.evaluations()] == ["done", "failed"]
    assert [r.id for r in store.evaluations("failed")] == [bad.id]
    assert [r.id for r in store.evaluations("done")] == [good.id]
    assert store.counts() == {"proposed": 0, "running": 0, "done": 1, "failed": 1}
    assert [r.state for r in briefs(store)] == ["done", "failed"]
    assert [r.state for r in news(store, "d", 0)] == ["done", "failed"]
    observed = observations_of(briefs(store), ("density",), "md-quick-2")
    assert observed.failed.tolist() == [False, True]
    assert np.isfinite(observed.stderrs["density"][0])
    assert [row["failure_kind"] for row in export_rows(store)] == [None, "unconverged"]


class Learning(Alkanes):
    """Reads the observations too, as a proposer with surrogates does."""

    def propose(self, n, records, taken):
        observations_of(records, ("density",), "md-quick-2")
        return super().propose(n, records, taken)


def short_sampling(job: Job) -> SimulationResult:
    """Answer with an infinite error for the first polymer, as a sampling of two frames does."""
    stderr = math.inf if RepeatUnit.from_psmiles(job.substance["psmiles"]).n_heavy_atoms == 2 else 0.01
    return SimulationResult((density(1.0, stderr),), {}, {})


def test_a_campaign_survives_infinite_errors_new_and_old(tmp_path: Path) -> None:
    def campaign(evaluations: int) -> Campaign:
        document = {
            "name": "trial", "folder": str(tmp_path), "objectives": [{"property": "density"}],
            "stop": {"evaluations": evaluations},
        }  # fmt: skip
        config = CampaignConfig.model_validate(document)
        return Campaign(config, proposer=Learning(), start_cluster=lambda: InstantCluster(1, short_sampling))

    first = campaign(2)
    assert first.run() == "2 of 2 evaluations are finished"
    assert first.store.counts() == {"proposed": 0, "running": 0, "done": 1, "failed": 1}
    with first.store.transaction() as session:
        session.execute(update(MeasurementRow).values(stderr=float("inf")))
    first.store.close()
    second = campaign(3)
    assert second.run() == "3 of 3 evaluations are finished"
    assert second.store.counts() == {"proposed": 0, "running": 0, "done": 1, "failed": 2}
    assert len(second.pareto_front()) == 1
    second.store.close()
