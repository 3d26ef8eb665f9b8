"""Whether a campaign's simulations can be done at all, before any of them is started."""

from designer.config import CampaignConfig
from designer.config.cluster import OutsideClusterSettings
from designer.errors import InvalidConfig
from mdcore.chem.errors import PlanError
from mdcore.measure import plan_simulation


def check_plan(config: CampaignConfig) -> None:
    """Check that the properties of a campaign can be measured in its simulations.

    Raises:
        InvalidConfig: One of them cannot, or the settings of a protocol or calculation are not valid.
    """
    if isinstance(config.cluster, OutsideClusterSettings):
        return
    try:
        plan_simulation(None, config.simulation_settings(), config.properties(), config.optics)
    except PlanError as error:
        raise InvalidConfig(f"simulation: {error}") from error
