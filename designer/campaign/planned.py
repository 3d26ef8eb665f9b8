"""Whether a campaign's simulations can be done at all, before any of them is started."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from designer.campaign.listed import listed_substances
from designer.config import CampaignConfig
from designer.errors import InvalidConfig
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import PlanError

if TYPE_CHECKING:
    from mdcore.measure import Plan, Substance

EXAMPLE = "*CC(*)c1ccccc1"
"""Repeat unit for which the time of a simulation is estimated if a campaign lists no substance; the cell's size does not depend on it."""


def check_plan(config: CampaignConfig) -> "Plan | None":
    """Check that the properties of a campaign can be measured in its simulations, and of every substance that it lists.

    Returns:
        The plan for the first listed substance, or for polystyrene, from which the cost of an evaluation is estimated; None if
        measurements are made outside or polystyrene cannot be measured.

    Raises:
        InvalidConfig: One of them cannot, or the settings of a protocol or calculation are not valid.
    """
    if config.measured_outside:
        return None
    from mdcore.measure import Homopolymer, plan_simulation

    def plan(substance: "Substance | None") -> "Plan":
        return plan_simulation(substance, config.simulation_settings(), config.properties(), config.optics)

    plans = []
    for substance in (None, *listed_substances(config)):
        try:
            plans.append(plan(substance))
        except PlanError as error:
            what = "simulation" if substance is None else f"{substance.label!r} cannot be measured as configured"
            raise InvalidConfig(f"{what}: {error}") from error
    if len(plans) > 1:
        return plans[1]
    with suppress(PlanError):  # what is refused for the example may hold for others
        return plan(Homopolymer(RepeatUnit.from_psmiles(EXAMPLE)))
    return None


def check_files(config: CampaignConfig) -> None:
    """Check that the files that the sections `generator`, `corpus` and `initial` name exist.

    Raises:
        InvalidConfig: One of them does not.
    """
    for name in ("generator", "corpus", "initial"):
        section = getattr(config, name)
        for field in type(section).model_fields:
            given = getattr(section, field)
            if isinstance(given, Path) and not given.exists():
                raise InvalidConfig(
                    f"{name}.{field} {str(given)!r} does not exist; give the path of a file, relative to the folder of the command"
                )
