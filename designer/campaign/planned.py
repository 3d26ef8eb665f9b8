"""Whether a campaign's simulations can be done at all, before any of them is started."""

from designer.campaign.listed import listed_substances
from designer.config import CampaignConfig
from designer.errors import InvalidConfig
from mdcore.chem.errors import PlanError


def check_plan(config: CampaignConfig) -> None:
    """Check that the properties of a campaign can be measured in its simulations, and of every substance that it lists.

    Raises:
        InvalidConfig: One of them cannot, or the settings of a protocol or calculation are not valid.
    """
    if config.measured_outside:
        return
    from mdcore.measure import plan_simulation

    for substance in (None, *listed_substances(config)):
        try:
            plan_simulation(substance, config.simulation_settings(), config.properties(), config.optics)
        except PlanError as error:
            what = "simulation" if substance is None else f"{substance.label!r} cannot be measured as configured"
            raise InvalidConfig(f"{what}: {error}") from error
