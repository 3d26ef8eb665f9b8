"""Campaigns and measurements are identified by what was asked for: a new setting with a default changes nothing stored."""

import gzip
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from designer import Campaign, CampaignConfig
from designer.campaign.observations import observations_of
from designer.config.sections import SimulationSection
from designer.errors import CampaignMismatch
from designer.store.knowledge import briefs, news
from designer.store.migrate import migrate_store
from mdcore.chem import RepeatUnit
from mdcore.measure.complete import _Job
from mdcore.optics import OpticsSettings
from mdcore.settings import SimulationSettings, version_1
from mdcore.settings.asked import asked_simulation
from mdcore.settings.simulation import PRESETS, ProtocolSettings, preset

GOLDEN = Path(__file__).parents[3] / "golden"
# What stores of these versions had; before version 3 refractive indices belonged to the density of the cell.
OPTICS = {1: {"density": "simulated"}, 2: {"density": "simulated"}, 3: {}, 4: {}}


class DampProtocol(ProtocolSettings):
    """The protocol of a later version, with one more setting."""

    humidity: float = 0.0


def later(settings: SimulationSettings, humidity: float) -> SimulationSettings:
    protocol = DampProtocol(**settings.protocol.model_dump(), humidity=humidity)
    return settings.model_copy(update={"protocol": protocol})


def config(folder: Path, **changes: object) -> CampaignConfig:
    document = {
        "name": "trial", "folder": str(folder), "objectives": [{"property": "density"}], "stop": {"evaluations": 3}, **changes,
    }  # fmt: skip
    return CampaignConfig.model_validate(document)


def test_a_setting_that_a_later_version_adds_leaves_stored_campaigns_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = config(tmp_path)
    identity, digest, fidelity = before.identity(), before.settings_digest(), before.fidelity()
    Campaign(before).store.close()
    plain = SimulationSection.settings
    monkeypatch.setattr(SimulationSection, "settings", lambda own: later(plain(own), 0.0))
    after = config(tmp_path)
    assert (after.identity(), after.settings_digest(), after.fidelity()) == (identity, digest, fidelity)
    Campaign(after).store.close()
    monkeypatch.setattr(SimulationSection, "settings", lambda own: later(plain(own), 0.5))
    asked = config(tmp_path)
    assert asked.settings_digest() != digest
    assert asked.identity()["simulation"]["protocol"]["humidity"] == 0.5
    with pytest.raises(CampaignMismatch, match="differs from the stored one in simulation"):
        _ = Campaign(asked).store


def test_the_defaults_are_those_that_identities_leave_out() -> None:
    """Changing one would change what stored campaigns mean; see `mdcore.settings.asked`."""
    dumped = preset("standard-1").model_dump(mode="json", exclude={"execution", "preset"})
    assert {name: {k: dumped[name][k] for k in section} if isinstance(section, dict) else dumped[name]
            for name, section in version_1.DEFAULTS.items()} == version_1.DEFAULTS  # fmt: skip
    for name in PRESETS:
        assert asked_simulation(preset(f"{name}-1")) == {"preset": name, **version_1.PRESETS[name]}
    assert OpticsSettings().model_dump(mode="json", include=set(version_1.OPTICS)) == {
        "kind": "auto", "functional": "pbe0", "basis": "aug-cc-pvdz", "n_conformers": 2, "max_heavy_atoms": 16,
        "conformers": "etkdg", "density": "slowly_cooled", "device": "auto",
    }  # fmt: skip


def test_settings_of_version_1_are_read_and_written() -> None:
    settings = SimulationSettings.model_validate(
        {"preset": "quick-1", "protocol": {"temperature_K": 400}, "replicates": 2}
    )
    # What version 1 did not have.
    later = {"protocols": True, "calculations": True, "protocol": {"melt_above_transition_K", "slow_cool_ps"}}
    full = settings.model_dump(mode="json", exclude={"execution": True, **later})
    asked = asked_simulation(settings)
    assert version_1.asked_of_version_1(full) == asked
    assert version_1.version_1_of_asked(asked) == full
    assert version_1.version_1_of_asked(asked | {"humidity": 0.5}) is None
    assert asked["protocol"]["temperature_K"] == 400
    assert "pressure_atm" not in asked["protocol"]


def test_fidelities_tell_other_settings_apart() -> None:
    def fidelity(**changes: object) -> str:
        return SimulationSettings.model_validate(changes).fidelity

    names = [
        fidelity(), fidelity(protocol={"temperature_K": 400}), fidelity(force_field={"smirnoff": "openff-2.0.0.offxml"}),
        fidelity(preset="standard"), fidelity(preset="standard", protocol={"temperature_K": 400}),
    ]  # fmt: skip
    assert len(set(names)) == 5
    assert names[0] == "md-quick-2"
    assert fidelity(preset="quick-1") == fidelity(force_field={"smirnoff": "openff-2.2.1.offxml"}) == "md-quick"
    assert names[1].startswith("md-quick-")
    assert fidelity(protocol={"temperature_K": 300}) == "md-quick-2"  # the preset's own value
    assert fidelity(replicates=4, execution={"platform": "CPU"}) == "md-quick-2"


@pytest.mark.parametrize(
    ("group", "section"),
    [
        ("protocols", {"cooling_scan": {}}),
        ("protocols", {"cooling_scan": {"step_K": 20.0, "hold_ps": 25.0}}),  # of all presets, and of quick
        ("protocols", {"heat_flow": {"hydrogens": "as_equilibrated", "timestep_fs": 4}, "heat_capacity": {}}),
        ("calculations", {"molar_refractions": {}}),
    ],
)
def test_a_section_that_spells_defaults_out_changes_nothing(
    tmp_path: Path, group: str, section: dict[str, Any]
) -> None:
    plain, spelled = config(tmp_path), config(tmp_path, simulation={group: section})
    assert spelled.identity() == plain.identity()
    assert spelled.settings_digest() == plain.settings_digest()
    assert spelled.fidelity() == "md-quick-2"
    unit = RepeatUnit.from_psmiles("*CC*")
    jobs = [
        _Job.of(unit, SimulationSettings.model_validate(given), 7, ("density",), None)
        for given in ({}, {group: section})
    ]
    assert jobs[0].identity() == jobs[1].identity()


def test_a_section_that_changes_something_is_asked_for(tmp_path: Path) -> None:
    section = {"step_K": 10.0, "hold_ps": 25.0}
    changed = config(tmp_path, simulation={"protocols": {"cooling_scan": section}})
    assert changed.identity()["simulation"]["protocols"] == {"cooling_scan": {"step_K": 10.0}}
    assert changed.fidelity() != "md-quick-2"
    # The step follows from the treatment of hydrogens, but is not the same without it.
    flexible = {"hydrogens": "flexible", "timestep_fs": 0.5}
    kept = config(tmp_path, simulation={"protocols": {"heat_flow": flexible}}).identity()["simulation"]["protocols"]
    assert kept == {"heat_flow": flexible}


def test_results_that_version_1_left_in_a_folder_answer_the_same_question() -> None:
    settings = SimulationSettings.model_validate({"preset": "quick-1", "protocol": {"temperature_K": 400}})
    unit = RepeatUnit.from_psmiles("*CC*")
    request = unit, settings, 7, ("density",), OpticsSettings()
    # Computed by version 1.
    assert _Job.of(*request).identity_1() == IDENTITY_OF_VERSION_1
    assert _Job.of(*request).identity() != IDENTITY_OF_VERSION_1
    assert _Job.of(unit, later(settings, 0.5), 7, ("density",), None).identity_1() is None


IDENTITY_OF_VERSION_1 = "a3d49804256d175dab8cf65f81c6e1ea078e5c6189e955b3141aea8b8cdb8979"


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_store_of_an_earlier_version_is_resumed_and_shared(version: int, tmp_path: Path) -> None:
    """Stores that the programs of those versions wrote, with real simulations."""
    store = tmp_path / "run" / "store.sqlite"
    store.parent.mkdir()
    with gzip.open(GOLDEN / f"store-{version}.sqlite.gz") as packed, store.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    migrate_store(str(store))
    document = yaml.safe_load((GOLDEN / "campaign.yaml").read_text())
    document |= {"folder": str(tmp_path / "run"), "optics": {"kind": "additive", **OPTICS[version]}}
    document["simulation"]["preset"] = "quick-1"  # the edition of these versions
    own = CampaignConfig.model_validate(document)
    with Campaign(own) as campaign:
        assert campaign.finished_reason() == "5 of 5 evaluations are finished"
        with campaign.store.engine.connect() as connection:
            digests = connection.execute(text("SELECT DISTINCT settings_digest FROM evaluation")).scalars().all()
        assert digests == [own.settings_digest()]
        assert {record.substance for record in campaign.store.evaluations()} == {None}  # homopolymers, all of them
        observed = observations_of(briefs(campaign.store), own.properties(), own.fidelity())
        assert len(observed) == 5
        assert sorted(observed.values["density"])[0] == pytest.approx(LIGHTEST[version], abs=1e-12)
    # Another campaign of the present version takes its results over.
    with Campaign(CampaignConfig.model_validate(document | {"name": "other"})) as campaign:
        assert len(news(campaign.store, campaign.config.settings_digest(), 0)) == 5
    # At another temperature it would be another campaign and another source.
    warmer = document | {
        "simulation": document["simulation"] | {"protocol": document["simulation"]["protocol"] | {"temperature_K": 400}}
    }
    with pytest.raises(CampaignMismatch, match="differs from the stored one in simulation"):
        _ = Campaign(CampaignConfig.model_validate(warmer)).store
    assert CampaignConfig.model_validate(warmer).fidelity() != own.fidelity()


LIGHTEST = {1: 0.7850372577718079, 2: 0.7850372577718079, 3: 0.8123871452981598, 4: 0.8123871452981598}


def test_a_campaign_of_an_earlier_edition_of_a_preset_says_how_to_resume_it(tmp_path: Path) -> None:
    document = {
        "name": "c", "folder": str(tmp_path), "objectives": [{"property": "density", "direction": "minimise"}],
        "simulation": {"preset": "standard-1", "protocol": {"temperature_K": 400}}, "stop": {"evaluations": 1},
    }  # fmt: skip
    first = CampaignConfig.model_validate(document)
    _ = Campaign(first).store
    document["simulation"]["preset"] = "standard"
    expected = (
        "campaign 'c' differs from the stored one in simulation (simulation.protocol.melt_above_transition_K default is now 250.0, "
        "simulation.protocol.melt_ps default is now 2000.0, simulation.protocol.slow_cool_ps default is now 15000.0, ...); choose a "
        "new name, or restore the original configuration (preset standard has changed; its earlier settings: standard-1)"
    )
    with pytest.raises(CampaignMismatch, match=f"^{re.escape(expected)}$"):
        _ = Campaign(CampaignConfig.model_validate(document)).store
    assert Campaign(CampaignConfig.model_validate(first.model_dump(mode="json"))).store.campaign().name == "c"
