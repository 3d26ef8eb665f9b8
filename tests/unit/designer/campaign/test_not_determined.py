"""An evaluation that does not determine one property keeps the others, with the reason, from the simulation to the choice."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from instant_trials import Alkanes, InstantCluster

from designer import Campaign, CampaignConfig
from designer.analysis.front import front_records
from designer.campaign.observations import observations_of
from designer.cluster import Job
from designer.report.evaluations import evaluation_rows
from designer.store import CampaignStore, create_store
from designer.store.corrections import Selection, withdraw
from designer.store.export import export_rows
from designer.store.knowledge import briefs, news
from designer.text import outcome_texts
from mdcore.chem import Failure, Measurement, RepeatUnit, usable
from mdcore.chem.errors import NotDetermined
from mdcore.estimate import Estimate
from mdcore.measure import SimulationResult, complete, simulate
from mdcore.measure.execute import Analysis
from mdcore.measure.failures import failure_kind
from mdcore.measure.replicates import combine_replicates
from mdcore.measure.result import read_result, write_result
from mdcore.settings import SimulationSettings
from surrogates import Constraint, Objective

TG, REASON = "glass_transition_temperature", "a straight line fits as well"
NOTHING = {"worker": "host:1", "wall_s": 2.0, "diagnostics": {}, "provenance": {"seed": 7}}


def density(value: float = 1.0, stderr: float = 0.01) -> Measurement:
    return Measurement("density", value, stderr, "g/cm3", "md-quick-2", {})


def transition(value: float = 400.0, stderr: float = 10.0) -> Measurement:
    return Measurement(TG, value, stderr, "K", "md-quick-2", {})


@pytest.fixture
def store(tmp_path: Path):
    engine = create_store(f"sqlite:///{tmp_path}/store.sqlite")
    yield CampaignStore.begin(engine, name="trial", seed=7, config={}, identity={})
    engine.dispose()


def finished(store: CampaignStore, key: str, *measured: Measurement, **how: object):
    record = store.propose(
        key=key, psmiles=key, origin="smc", log_prior=None, in_corpus=False, step="initial", settings_digest="d",
        acquisition=None, predicted={},
    )  # fmt: skip
    return store.finish(record.id, measured, **NOTHING, **how)  # type: ignore[arg-type]


def test_the_other_properties_are_stored_with_the_reason(store: CampaignStore) -> None:
    record = finished(store, "*CC*", density(), not_determined={TG: REASON})
    finished(store, "*CO*", density(1.1), transition())
    assert (record.state, record.failure, record.not_determined) == ("done", None, {TG: REASON})
    assert store.counts() == {"proposed": 0, "running": 0, "done": 2, "failed": 0}
    for records in (store.evaluations(), tuple(briefs(store)), tuple(news(store, "d", 0))):
        assert [dict(r.not_determined) for r in records] == [{TG: REASON}, {}]
        assert [r.failure for r in records] == [None, None]
    rows = list(export_rows(store))
    assert [(r["property"], r["failure_kind"], r["failure"]) for r in rows] == [
        ("density", None, None), (TG, "not_determined", REASON), ("density", None, None), (TG, None, None),
    ]  # fmt: skip
    cells = [row["cells"] for row in evaluation_rows(store.evaluations(), [TG], {}, {}, set())]
    assert [cell["text"] for (cell,) in cells] == ["not determined", "400 ± 10"]
    assert outcome_texts(record.measurements, record.not_determined) == ["ρ 1.000 ± 0.010 g/cm3", "T_g not determined"]


def test_a_property_without_a_finite_error_does_not_take_the_others_along(store: CampaignStore) -> None:
    record = finished(store, "*CC*", density(), transition(stderr=math.inf))
    assert [m.property for m in record.measurements] == ["density"]
    assert record.not_determined[TG].startswith(f"the standard error of {TG} is inf: the sampling is too short")
    assert usable((density(), transition(math.nan)))[0] == (density(),)


def test_the_surrogates_learn_values_and_failure(store: CampaignStore) -> None:
    finished(store, "*CC*", density(0.9), not_determined={TG: REASON})
    finished(store, "*CO*", density(1.1), transition())
    observed = observations_of(briefs(store), ("density", TG), "md-quick-2")
    assert observed.failed.tolist() == [False, True, False]
    np.testing.assert_array_equal(observed.values["density"], [0.9, np.nan, 1.1])
    # Not a failure where nobody needs it.
    assert observations_of(briefs(store), ("density",), "md-quick-2").failed.tolist() == [False, False]


def test_a_limit_that_is_not_determined_keeps_an_evaluation_off_the_front(store: CampaignStore) -> None:
    finished(store, "*CC*", density(1.5), not_determined={TG: REASON})
    finished(store, "*CO*", density(1.1), transition())
    finished(store, "*CS*", density(1.3))
    objectives, limits = [Objective("density")], [Constraint(TG, low=350.0)]
    assert [r.key for r in front_records(store.evaluations(), objectives)] == ["*CC*"]
    assert [r.key for r in front_records(store.evaluations(), objectives, limits)] == ["*CS*"]


def test_it_can_be_withdrawn(store: CampaignStore) -> None:
    record = finished(store, "*CC*", density(), not_determined={TG: REASON})
    with store.transaction() as session:
        records = withdraw(session, Selection(store.campaign_id, record.ordinal), reason="trial")
    assert [one.property for one in records] == ["density"]
    after = store.evaluations()[0]
    assert (after.state, after.measurements, dict(after.not_determined)) == ("withdrawn", (), {})


def test_a_result_on_disk_keeps_the_reasons(tmp_path: Path) -> None:
    result = SimulationResult((density(),), {}, {"seed": 1}, {TG: REASON})
    write_result(tmp_path / "result.json", "x", result)
    assert read_result(tmp_path / "result.json", "x") == result
    assert f"{TG} not determined" in repr(result)
    assert REASON in result._repr_html_()
    unit, settings = RepeatUnit.from_psmiles("*CC*"), SimulationSettings()
    # Of an earlier version, which stored the infinite error of one property.
    names = ("density", "bulk_modulus")
    identity = complete._Job.of(unit, settings, 1, names, None).identity()
    flawed = Measurement("bulk_modulus", 2.0, math.inf, "GPa", "md-quick-2")
    write_result(tmp_path / "result.json", identity, SimulationResult((density(), flawed), {}, {"seed": 1}))
    outcome = simulate(unit, settings, seed=1, out=tmp_path, properties=names)
    assert isinstance(outcome, SimulationResult)
    assert [m.property for m in outcome.measurements] == ["density"]
    assert set(outcome.not_determined) == {"bulk_modulus"}


def test_nothing_determined_is_a_failure_with_all_reasons(tmp_path: Path) -> None:
    outcome = complete._usable(SimulationResult((transition(stderr=math.inf),), {}, {"seed": 1}, {"density": REASON}))
    assert isinstance(outcome, Failure)
    assert outcome.kind == "unconverged"
    assert f"density: {REASON}" in outcome.message
    assert f"the standard error of {TG} is inf" in outcome.message
    assert failure_kind(NotDetermined("x")) == "unconverged"


def test_replicates_need_all_values_for_a_mean() -> None:
    def analysis(value: float, **reasons: str) -> Analysis:
        values = {"density": Estimate(value, 0.1), "nematic_order": Estimate(0.1, 0.01)}
        return Analysis({k: v for k, v in values.items() if k not in reasons}, {}, {"seed": 1}, reasons)

    found = combine_replicates([analysis(1.0), analysis(1.2, nematic_order=REASON)])
    assert found.estimates["density"].value == pytest.approx(1.1)
    assert dict(found.not_determined) == {"nematic_order": f"replicate 1: {REASON}"}
    assert found.properties == ("density", "nematic_order")


def no_transition(job: Job) -> SimulationResult:
    """Answer as a simulation does that shows no glass transition."""
    return SimulationResult((density(),), {}, {}, {TG: REASON})


def test_a_campaign_keeps_the_values_and_status_tells_the_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from designer.cli.main import run

    document = {
        "name": "trial", "folder": str(tmp_path), "objectives": [{"property": "density"}, {"property": TG}],
        "stop": {"evaluations": 2},
    }  # fmt: skip
    campaign = Campaign(
        CampaignConfig.model_validate(document),
        proposer=Alkanes(),
        start_cluster=lambda: InstantCluster(1, no_transition),
    )
    assert campaign.run() == "2 of 2 evaluations are finished"
    assert campaign.store.counts() == {"proposed": 0, "running": 0, "done": 2, "failed": 0}
    store = str(campaign.config.store_url().path)
    campaign.store.close()
    capfd.readouterr()
    assert run(["status", store, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert [(one["property"], one["message"]) for one in told["not_determined"]] == [(TG, REASON)] * 2
    assert told["failures"] == []
    assert run(["status", store]) == 0
    assert f"{TG} is not determined: {REASON}" in capfd.readouterr().out
    assert run(["report", store, "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    table = page[page.index("<h2>Not determined</h2>") :]
    assert table.count("<td>Glass transition temperature</td>") == 2
    assert REASON in table
    assert page.count(">not determined</td>") == 2
