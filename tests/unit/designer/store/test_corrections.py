"""Corrections and withdrawals: the new value counts, the old one stays on record with who, when and why."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from instant_trials import Alkanes, InstantCluster
from sqlalchemy import event
from sqlalchemy.engine import Connection

from designer import Campaign, CampaignConfig
from designer.campaign.ledger import Ledger
from designer.campaign.observations import observations_of
from designer.campaign.proposer import BayesianProposer
from designer.cli.main import run
from designer.cluster import Job
from designer.errors import CampaignBusy, InvalidRequest
from designer.store import CampaignStore, create_store, imported_records
from designer.store.claims import Leases, claim
from designer.store.corrections import author, corrections
from designer.store.imported import ImportedRecord, add_imported
from designer.store.knowledge import briefs, news
from designer.store.known_data import KnownData
from mdcore.chem import Failure, Measurement, RepeatUnit
from mdcore.measure import SimulationResult
from surrogates import Objective

WHY = "decimal point misplaced"


def answer(job: Job) -> SimulationResult:
    """Answer with an outlier for the first polymer at the seed of the campaign, and with an ordinary value at another one."""
    size = RepeatUnit.from_psmiles(job.substance["psmiles"]).n_heavy_atoms
    value = 2.4 if (size, job.seed) == (2, 5) else 1.2 - 0.01 * size
    return SimulationResult((Measurement("density", value, 0.01, "g/cm3", "md-quick-2", {}),), {}, {})


def make(folder: Path, *, evaluations: int = 3, cluster: InstantCluster | None = None, **changes: object) -> Campaign:
    document = {
        "name": "trial", "seed": 5, "folder": str(folder), "objectives": [{"property": "density"}],
        "stop": {"evaluations": evaluations}, **changes,
    }  # fmt: skip
    used = cluster or InstantCluster(1, answer)
    return Campaign(CampaignConfig.model_validate(document), proposer=Alkanes(), start_cluster=lambda: used)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return what a campaign file says of its store."""
    return {} if request.param == "sqlite" else {"store": request.getfixturevalue("postgres_url")}


@pytest.fixture
def campaign(tmp_path: Path, address: dict[str, str]) -> Iterator[Campaign]:
    made = make(tmp_path / "run", **address)
    made.run()
    yield made
    made.store.close()


def test_a_simulated_value_is_corrected_and_the_old_one_stays_on_record(campaign: Campaign) -> None:
    assert campaign.pareto_front()["evaluation"].tolist() == [1]
    record = campaign.correct("density", 1180, 20, unit="kg/m3", evaluation=1, reason=WHY)
    assert (record.old_value, record.old_stderr, record.new_value, record.new_stderr) == (
        2.4, 0.01, pytest.approx(1.18), pytest.approx(0.02),
    )  # fmt: skip
    assert (record.who, record.reason, record.kind, record.origin) == (author(), WHY, "corrected", "simulated")
    (first, second, _) = campaign.store.evaluations("done")
    assert first.measured("density").value == pytest.approx(1.18)
    assert first.measured("density").provenance["corrections"][0]["old_value"] == 2.4
    assert first.finished_no == 4  # news for whoever follows the store
    assert corrections(campaign.store.engine) == (record,)
    assert [event.kind for event in campaign.store.events()][-1] == "corrected"
    assert "2.400 ± 0.010 g/cm3 corrected to 1.180 ± 0.020 g/cm3" in campaign.store.events()[-1].message
    observed = observations_of(briefs(campaign.store), ("density",), "md-quick-2")
    assert sorted(observed.values["density"]) == pytest.approx([1.16, 1.17, 1.18])
    # The error alone, which leaves the value.
    campaign.correct("density", stderr=0.05, evaluation=2, reason="one block too few")
    assert campaign.store.evaluations("done")[1].measured("density").stderr == 0.05
    assert campaign.store.evaluations("done")[1].measured("density").value == second.measured("density").value


def test_what_cannot_be_corrected_is_told_and_nothing_changes(campaign: Campaign) -> None:
    for arguments, fragment in (
        ({"name": "density", "value": 1050, "evaluation": 1}, "physically impossible"),
        ({"name": "density", "value": 1.05, "stderr": 50, "evaluation": 1}, "is uninformative"),
        ({"name": "density", "value": 1.05, "evaluation": 9}, "nothing to correct matches"),
        ({"name": "abbe_number", "value": 30, "evaluation": 1}, "nothing to correct matches"),
        ({"name": "density", "value": 1.05, "source": "no.csv"}, "nothing to correct matches"),
        ({"name": "density", "value": 1.05}, "no result is selected"),
        ({"name": "density", "evaluation": 1}, "neither a value nor a standard error"),
        ({"name": "density", "value": 1.05, "polymer": "*CC"}, "two"),
    ):
        with pytest.raises(InvalidRequest, match=fragment):
            campaign.correct(**arguments, reason=WHY)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="the reason is empty"):
        campaign.correct("density", 1.0, evaluation=1, reason=" ")
    assert corrections(campaign.store.engine) == ()
    assert campaign.store.evaluations("done")[0].measured("density").value == 2.4


def test_a_withdrawn_simulation_is_forgotten_and_done_again_when_asked(
    campaign: Campaign, tmp_path: Path, address: dict[str, str]
) -> None:
    (record,) = campaign.withdraw(evaluation=1, reason="a chain speared a ring")
    assert (record.kind, record.old_value, record.new_value) == ("withdrawn", 2.4, None)
    assert campaign.store.counts() == {"proposed": 0, "running": 0, "done": 2, "failed": 0, "withdrawn": 1}
    assert campaign.pareto_front()["evaluation"].tolist() == [2]
    assert len(observations_of(briefs(campaign.store), ("density",), "md-quick-2")) == 2
    assert campaign.finished_reason() is None
    with pytest.raises(InvalidRequest, match="is withdrawn already; add --again"):
        campaign.withdraw(evaluation=1, reason=WHY)
    campaign.withdraw(evaluation=1, reason=WHY, again=True)
    campaign.store.close()
    cluster = InstantCluster(1, answer)
    again = make(tmp_path / "run", cluster=cluster, **address)
    assert again.run() == "3 of 3 evaluations are finished"
    (job,) = cluster.submitted
    assert job.folder.name == "00001-2"
    assert job.seed != 5
    assert again.store.evaluations("done")[0].measured("density").value == pytest.approx(1.18)
    # Once more: other random numbers and another folder again.
    again.withdraw(evaluation=1, reason=WHY, again=True)
    (third,) = again.store.evaluations("proposed")
    assert third.folder == "evaluations/00001-3"
    assert third.seed not in (5, job.seed)
    again.store.close()


def test_without_again_another_polymer_takes_its_place(campaign: Campaign) -> None:
    campaign.withdraw(evaluation=1, reason=WHY)
    assert campaign.run() == "3 of 3 evaluations are finished"
    assert [r.ordinal for r in campaign.store.evaluations("done")] == [2, 3, 4]


def test_one_property_of_several_and_failures_are_withdrawn(tmp_path: Path) -> None:
    engine = create_store(f"sqlite:///{tmp_path}/store.sqlite")
    store = CampaignStore.begin(engine, name="trial", seed=7, config={}, identity={})
    campaign = Campaign(CampaignConfig.model_validate(DOCUMENT | {"folder": str(tmp_path)}), store=store)
    both = (
        Measurement("density", 1.0, 0.1, "g/cm3", "md", {}),
        Measurement("refractive_index", 1.5, 0.1, "1", "md", {}),
    )
    store.finish(propose(store, "*CC*").id, both, **NOTHING)
    store.finish(propose(store, "*CO*").id, Failure("worker", "no space left"), **NOTHING)
    campaign.withdraw(evaluation=1, name="density", reason=WHY)
    (left,) = store.evaluations("done")
    assert [m.property for m in left.measurements] == ["refractive_index"]
    campaign.withdraw(evaluation=1, name="refractive_index", reason=WHY)
    assert store.evaluations()[0].state == "withdrawn"
    (record,) = campaign.withdraw(polymer="*OC*", reason="disk was full", again=True)
    assert record.property is None
    assert record.about["failure"]["message"] == "no space left"
    assert (store.evaluations()[1].state, store.evaluations()[1].failure) == ("proposed", None)
    store.start(store.evaluations()[1].id)
    with pytest.raises(CampaignBusy, match="evaluation 2 is running"):
        campaign.withdraw(evaluation=2, reason=WHY)
    store.close()


DOCUMENT = {"name": "trial", "objectives": [{"property": "density"}], "stop": {"evaluations": 3}}
NOTHING = {"worker": "w", "wall_s": 1.0, "diagnostics": {}, "provenance": {}}


def propose(store: CampaignStore, key: str):
    return store.propose(
        key=RepeatUnit.from_psmiles(key).key, psmiles=key, origin="smc", log_prior=None, in_corpus=False, step="initial",
        settings_digest="d", acquisition=None, predicted={},
    )  # fmt: skip


def test_campaigns_that_share_a_result_share_its_fate(tmp_path: Path, address: dict[str, str]) -> None:
    url = address.get("store", f"sqlite:///{tmp_path}/s.sqlite")
    stores = [
        CampaignStore.begin(create_store(url), name=name, seed=7, config={}, identity={}) for name in ("ada", "bob")
    ]
    ada, bob = stores
    measured = Measurement("density", 1.25, 0.01, "g/cm3", "md-quick-2", {})
    for key in ("*CC*", "*CO*"):
        ada.finish(claim(ada, propose(ada, key).id, "a", Leases()).record.id, (measured,), **NOTHING)
        assert claim(bob, propose(bob, key).id, "b", Leases()).state == "adopted"
    known = max(record.finished_no for record in news(bob, "d", 0))
    config = CampaignConfig.model_validate(DOCUMENT | {"folder": str(tmp_path), "name": "bob"})
    # Through the copy, as whoever looks at bob's front would do it.
    record = Campaign(config, store=bob).correct("density", 1.15, polymer="*CC*", reason=WHY)
    assert record.campaign == "ada"
    assert [s.evaluations()[0].measured("density").value for s in stores] == [1.15, 1.15]
    assert {r.campaign for r in news(bob, "d", known)} == {"ada", "bob"}
    Campaign(config, store=bob).withdraw(evaluation=2, reason=WHY, again=True)
    assert [s.evaluations()[1].state for s in stores] == ["withdrawn", "proposed"]
    # Nobody adopts what was withdrawn.
    assert claim(bob, bob.evaluations()[1].id, "b", Leases()).state == "granted"
    for store in stores:
        store.close()


def test_a_running_campaign_forgets(campaign: Campaign) -> None:
    ledger = Ledger([Objective("density", "maximise")])
    ledger.load(briefs(campaign.store))
    assert [record.ordinal for record in ledger.front] == [1]
    campaign.correct("density", 1.1, evaluation=1, reason=WHY)
    for record in news(campaign.store, campaign.config.settings_digest(), ledger.newest):
        ledger.put(record)
    assert [record.ordinal for record in ledger.front] == [2]  # dominated before, and there again
    campaign.withdraw(evaluation=2, reason=WHY)
    for record in news(campaign.store, campaign.config.settings_digest(), ledger.newest):
        ledger.put(record)
    assert [record.ordinal for record in ledger.front] == [3]
    assert ledger.finished == 2


def test_surrogates_learn_anew_when_something_was_corrected_or_withdrawn(campaign: Campaign, tmp_path: Path) -> None:
    data = tmp_path / "known.csv"
    data.write_text("psmiles,density\n*CC*,0.9\n*CCS*,1.2\n")
    campaign.add_known(data, "experiment")
    known = KnownData(campaign.store.engine)
    proposer = BayesianProposer(campaign.config, imported=imported_records(campaign.store.engine), reread=known.changed)

    def learnt() -> list[float]:
        records = briefs(campaign.store)
        proposer._forget_what_changed(records)
        anew = proposer._learnt_from < 0
        proposer._learnt_from = len(records)
        proposer._learnt = {record.id: record.finished_no for record in records if record.state == "done"}
        return [anew, *sorted(proposer._observe(records).values["density"])]

    assert learnt() == [True, 0.9, pytest.approx(1.16), pytest.approx(1.17), 1.2, 2.4]
    assert learnt()[0] is False
    campaign.correct("density", 1.18, evaluation=1, reason=WHY)
    assert learnt() == [True, 0.9, *map(pytest.approx, (1.16, 1.17, 1.18)), 1.2]
    campaign.withdraw(polymer="*CC*", name="density", reason=WHY)
    assert learnt() == [True, *map(pytest.approx, (1.16, 1.17, 1.18)), 1.2]
    assert learnt()[0] is False
    campaign.withdraw(evaluation=3, reason=WHY)
    assert learnt() == [True, *map(pytest.approx, (1.17, 1.18)), 1.2]


# ---- told


@pytest.fixture
def bench(tmp_path: Path, address: dict[str, str]) -> Iterator[Campaign]:
    made = make(tmp_path / "bench", cluster=None, evaluations=6, **address)
    made.ask(3)
    yield made
    made.store.close()


def row(candidate: int, value: float = 1.1, **more: object) -> dict[str, object]:
    return {"candidate": candidate, "property": "density", "value": value, "stderr": 0.01, "unit": "g/cm3"} | more


def test_a_told_value_is_replaced_when_that_is_said(bench: Campaign) -> None:
    assert bench.tell([(2, row(1, 1.1)), (3, {"candidate": 2, "failure": "does not dissolve"})]).recorded == 2
    other = [(2, row(1, 1.2)), (3, row(2, 1.3)), (4, row(3, 1.4))]
    told = bench.tell(other)
    assert (told.recorded, [refused.line for refused in told.refused]) == (0, [2, 3])
    assert all("--replace" in refused.reason for refused in told.refused)
    told = bench.tell(other, replace=True)
    assert (told.recorded, told.replaced, told.refused) == (3, 2, ())
    values = {r.ordinal: r.measured("density").value for r in bench.store.evaluations("done")}
    assert values == {1: 1.2, 2: 1.3, 3: 1.4}
    first, second = corrections(bench.store.engine)
    assert (first.kind, first.old_value, first.new_value, first.origin) == ("replaced", 1.1, 1.2, "told")
    assert first.reason == "replaced with --replace, line 2"
    assert (second.kind, second.about["failure"]["message"]) == ("withdrawn", "does not dissolve")
    # A failure takes the place of a value; the same file again changes nothing.
    failed = [(2, {"candidate": 3, "failure": "impure"})]
    assert "which contradict a failure" in bench.tell(failed).refused[0].reason
    assert bench.tell(failed, replace=True).replaced == 1
    assert bench.store.evaluations("failed")[0].ordinal == 3
    assert (bench.tell(failed, replace=True).recorded, len(corrections(bench.store.engine))) == (0, 3)
    assert bench.tell([(2, row(3, 1050))], replace=True).refused != ()


def test_a_withdrawn_measurement_can_be_told_anew_or_asked_for(bench: Campaign) -> None:
    bench.tell([(2, row(1)), (3, row(2))])
    bench.withdraw(evaluation=1, reason=WHY)
    bench.withdraw(evaluation=2, reason=WHY, again=True)
    assert [r.state for r in bench.store.evaluations()] == ["withdrawn", "expired", "reserved"]
    (asked,) = bench.ask(1)
    assert asked.ordinal == 2
    assert bench.tell([(2, row(1, 1.3)), (3, row(2, 1.4))]).refused == ()
    assert {r.ordinal: r.measured("density").value for r in bench.store.evaluations("done")} == {1: 1.3, 2: 1.4}


# ---- imported


def test_what_is_asked_for_has_nothing_to_correct_yet(campaign: Campaign) -> None:
    campaign.store.engine.dispose()
    outside = propose(campaign.store, "*CCCCCCCCCCO*")
    with pytest.raises(InvalidRequest, match=f"evaluation {outside.ordinal} is proposed and has no result yet"):
        campaign.correct("density", 1.0, evaluation=outside.ordinal, reason=WHY)
    with pytest.raises(InvalidRequest, match=f"evaluation {outside.ordinal} is proposed and has no result yet"):
        campaign.withdraw(evaluation=outside.ordinal, reason=WHY)


def test_the_same_value_again_is_not_put_on_record(campaign: Campaign) -> None:
    with pytest.raises(InvalidRequest, match=r"density of evaluation 1 is 2\.400 ± 0\.010 already"):
        campaign.correct("density", 2.4, evaluation=1, reason=WHY)
    assert corrections(campaign.store.engine) == ()


def test_status_and_export_show_the_history(
    campaign: Campaign, address: dict[str, str], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    campaign.correct("density", 1.18, evaluation=1, reason=WHY)
    campaign.withdraw(evaluation=2, reason="speared ring")
    folder = address.get("store", str(campaign.config.campaign_folder))
    campaign.store.close()
    assert run(["status", folder]) == 0
    out = capfd.readouterr().out
    assert "#1 *CO*: density at md-quick-2 2.400 ± 0.010 g/cm3 corrected to 1.180 ± 0.010 g/cm3" in out
    assert f"{author()}: {WHY})" in out
    assert run(["status", folder, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert [(c["kind"], c["evaluation"], c["old_value"]) for c in document["corrections"]] == [
        ("corrected", 1, 2.4), ("withdrawn", 2, pytest.approx(1.17)),
    ]  # fmt: skip
    assert run(["export", folder, "--corrections"]) == 0
    rows = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert (rows[0]["kind"], rows[0]["old_value"], rows[0]["new_value"], rows[0]["reason"]) == (
        "corrected", "2.4", "1.18", WHY,
    )  # fmt: skip
    assert run(["export", folder, "--corrections", "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["rows"][1]["about"]["seed"] == 5
    assert run(["export", folder]) == 0
    assert {r["evaluation"] for r in csv.DictReader(io.StringIO(capfd.readouterr().out))} == {"1", "3"}
    assert (
        run(["correct", folder, "--evaluation", "1", "--property", "density", "--value", "1_2", "--reason", "x"]) == 2
    )
    assert run(["report", folder, "--out", str(tmp_path / "report.html")]) == 0


def test_what_people_enter_is_synchronised_as_it_is_committed(bench: Campaign) -> None:
    """A simulation has its result file, which a campaign reads again after a power cut; nothing else holds these."""
    engine = bench.store.engine
    if engine.dialect.name != "sqlite":
        pytest.skip("a server synchronises by itself")
    modes = []

    def look(connection: Connection) -> None:
        modes.append(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    event.listen(engine, "commit", look)
    bench.ask(1)
    bench.tell([(2, row(1))])
    assert (modes[0], modes[-1]) == (1, 2)  # normal, full
    engine.dispose()
    bench.correct("density", 1.2, evaluation=1, reason=WHY)
    assert modes[-1] == 2
    engine.dispose()
    bench.withdraw(evaluation=1, reason=WHY)
    assert modes[-1] == 2
    engine.dispose()
    add_imported(
        engine, [ImportedRecord("*CC*", "*CC*", "density", 0.9, 0.1, "md", 2)], source="x.csv", digest="d" * 64
    )
    assert modes[-1] == 2
