"""Campaigns with kinds of generator and cluster of a plug-in: files, stores, reports, and the end of a finite set."""

from pathlib import Path
from typing import Any, Literal

import pytest
from instant_trials import InstantCluster
from made_kinds import SUBSTITUTED, documented

from designer import Campaign, CampaignConfig
from designer.cli.main import run
from designer.config import config_from_mapping, stored_config
from designer.config.cluster import CLUSTERS, ClusterSettings
from designer.config.reference import reference_markdown
from designer.errors import CampaignFailed, InvalidConfig
from designer.report.learning import first_evaluations

FEW = {**SUBSTITUTED, "backbones": ["*CC(*)[*:1]", "*CC(*)C(=O)O[*:1]"], "substituents": ["C", "CC"]}


def document(folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "name": "finite",
        "folder": str(folder),
        "objectives": [{"property": "density"}],
        "corpus": {"reactions": False},
        "novelty": "allowed",
        "generator": FEW,
        "surrogates": {"restarts": 1},
        "initial": {"kind": "prior", "evaluations": 2},
        "stop": {"evaluations": 9},
        **changes,
    }


def test_a_finite_set_is_evaluated_to_its_last_polymer(tmp_path: Path) -> None:
    """The last choice asks for two candidates where one is left, and the campaign ends when that one is finished."""
    with documented("substituted"):
        config = config_from_mapping(document(tmp_path))
        campaign = Campaign(config, start_cluster=lambda: InstantCluster(slots=3))
        with pytest.raises(CampaignFailed, match="the generator found no new candidate"):
            campaign.run()
        records = campaign.store.evaluations("done")
        assert {record.key for record in records} == {unit.key for unit in config.generator.units()}  # type: ignore[attr-defined]
        assert [record.step for record in records] == ["initial"] * 2 + ["acquisition"] * 2
        assert first_evaluations(config) == "drawn from the substituted backbones"
        stored = campaign.store.campaign().config
        assert stored_config(stored, "store") == config
        assert "`generator`: `kind: substituted`" in reference_markdown()
        campaign.close()
    # Without the package the stored campaign cannot be read, and the message says what is missing.
    with pytest.raises(InvalidConfig) as error:
        stored_config(stored, "store")
    assert str(error.value) == (
        "store: generator.kind: 'substituted' is not a choice; did you mean 'substances'? Otherwise use one of: ngram_smc, neural_smc, "
        "reaction, substances, or install the package that provides it"
    )


def test_identities_do_not_depend_on_where_and_how_candidates_come(tmp_path: Path) -> None:
    plain = config_from_mapping(document(tmp_path, generator={}))
    with documented("substituted"), documented("bounded"):
        other = config_from_mapping(document(tmp_path, cluster={"kind": "bounded", "memory": "2GiB"}))
        assert other.identity() == plain.identity()
        assert other.settings_digest() == plain.settings_digest()


def test_a_plug_in_whose_results_are_recorded_has_their_fidelity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Like `outside`: what is measured elsewhere is not simulated, and any registered property can be an objective."""

    class Robot(ClusterSettings):
        kind: Literal["robot"] = "robot"

        @property
        def recorded_fidelity(self) -> str:
            return "robot"

        def start(self, folder: Path | None) -> Any:
            pytest.fail("a campaign that is measured elsewhere starts no cluster")

    monkeypatch.setitem(CLUSTERS._held, "robot", Robot)
    aims = [{"property": "glass_transition_temperature"}]
    config = CampaignConfig.model_validate(document(tmp_path, objectives=aims, cluster={"kind": "robot"}, generator={}))
    outside = CampaignConfig.model_validate(
        document(tmp_path, objectives=aims, cluster={"kind": "outside", "fidelity": "robot"}, generator={})
    )
    assert config.measured_outside
    assert config.fidelity() == "robot"
    assert config.identity() == outside.identity()
    assert config.settings_digest() == outside.settings_digest()
    path = tmp_path / "c.yaml"
    path.write_text(
        f"name: a\nfolder: {tmp_path}/a\nobjectives: [{{property: density}}]\nstop: {{evaluations: 1}}\ncluster: {{kind: robot}}\n"
    )
    assert run(["doctor", "--cluster", str(path)]) == 0
    assert "kind robot does not simulate" in " ".join(capfd.readouterr().out.split())
