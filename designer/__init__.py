"""Campaigns, their store, cluster and reports, and the command line.

    from designer import Campaign

    campaign = Campaign.from_yaml("configs/quickstart.yaml")
    campaign.run()
    campaign.pareto_front()

Heavy libraries are loaded on first use: `import designer` is fast.
"""

from typing import TYPE_CHECKING, Any

from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.campaign.campaign import Campaign
    from designer.config.campaign import CampaignConfig

__all__ = ["Campaign", "CampaignConfig", "DesignerError"]


def __getattr__(name: str) -> Any:
    if name == "Campaign":
        from designer.campaign.campaign import Campaign

        return Campaign
    if name == "CampaignConfig":
        from designer.config.campaign import CampaignConfig

        return CampaignConfig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
