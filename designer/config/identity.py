"""What a campaign is and what it measures: what was asked for, without the defaults.

A stored campaign is resumed only with the identity that it was started with, and campaigns share measurements of equal settings digests.
Both leave defaults out, so that a later version with a new setting resumes stored campaigns and keeps the sharing; see
`mdcore.settings.asked`.
"""

from typing import TYPE_CHECKING, Any

from designer.digests import outside_digest, settings_digest_of
from mdcore.properties import properties_using
from mdcore.settings.asked import IDENTITY_VERSION, asked, asked_simulation

if TYPE_CHECKING:
    from designer.config.campaign import CampaignConfig


def campaign_identity(config: "CampaignConfig") -> dict[str, Any]:
    """Return what must not change between two runs of one campaign, in JSON types.

    Measurements of other settings or draws of another seed would not be comparable with what the store holds.
    """
    return {
        "version": IDENTITY_VERSION,
        "seed": config.seed,
        "objectives": [{"property": o.property, "direction": o.direction} for o in config.objectives],
        "simulation": _measuring(config),
        "properties": list(config.properties()),
        **_optics(config),
    }


def settings_digest(config: "CampaignConfig") -> str:
    """Return a digest of the simulation settings and measured properties: equal digests measure the same thing."""
    if config.cluster.recorded_fidelity is not None:
        return outside_digest(config.cluster.recorded_fidelity)
    content = {
        "version": IDENTITY_VERSION,
        "settings": _measuring(config),
        "properties": sorted(config.properties()),
        **_optics(config),
    }
    return settings_digest_of(content)


def _optics(config: "CampaignConfig") -> dict[str, Any]:
    # Additive values at simulated densities are what was done before there was a choice. The device changes no result.
    optics, chosen = config.optics, {}
    if optics.kind != "additive":
        chosen = {"kind": optics.kind, **asked(optics, frozenset({"kind", "device", "density"}))}
    if optics.density != "simulated" and set(properties_using("molar_refractions")) & set(config.properties()):
        chosen["density"] = optics.density
    return {"optics": chosen} if chosen else {}


def _measuring(config: "CampaignConfig") -> dict[str, Any]:
    if config.cluster.recorded_fidelity is not None:
        return {"outside": config.cluster.recorded_fidelity}
    return asked_simulation(config.simulation.settings())
