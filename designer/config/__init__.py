"""Campaign configuration: pydantic models, and YAML read with one-line errors."""

from designer.config.campaign import CampaignConfig
from designer.config.loading import config_from_mapping, load_config, stored_config

__all__ = ["CampaignConfig", "config_from_mapping", "load_config", "stored_config"]
