"""A small store without simulations: four polymers with made-up densities."""

from pathlib import Path

from designer import Campaign, CampaignConfig
from mdcore.chem import Measurement

VALUES = {"*CC*": 0.9, "*CC(*)C": 0.86, "*CC(*)c1ccccc1": 1.04, "*CCO*": 1.12}


def make_store(folder: Path, name: str = "trial") -> Path:
    """Make a campaign of nine evaluations, of which four are done, and return its store."""
    document = {
        "name": name,
        "folder": str(folder),
        "objectives": [{"property": "density"}],
        "stop": {"evaluations": 9},
    }
    with Campaign(CampaignConfig.model_validate(document)) as campaign:
        for psmiles, value in VALUES.items():
            record = campaign.store.propose(
                key=psmiles, psmiles=psmiles, origin="given", log_prior=None, in_corpus=True, step="initial",
                settings_digest=campaign.config.settings_digest(), acquisition=None, predicted={},
            )  # fmt: skip
            campaign.store.start(record.id)
            measured = (Measurement("density", value, 0.01, "g/cm3", "md-quick-2", {}),)
            campaign.store.finish(record.id, measured, worker="w", wall_s=1.0, diagnostics={}, provenance={})
    return folder / "store.sqlite"
