"""Density corrected for the cooling rate.

A glass quenched in a simulation is less dense than one cooled in a laboratory; see
`mdcore.estimate.slowly_cooled_density`. A liquid needs no correction.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import EQUILIBRATED, Needs, Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the corrected density of the cell, with the input of the correction."""
    from dataclasses import replace

    from mdcore.estimate import slowly_cooled_density
    from mdcore.forcefield.accuracy import density_error
    from mdcore.protocols.cooling import glass_forming_cooling

    density = evidence.estimate("density")
    units = evidence.substance.repeat_units
    molecules = () if units else evidence.substance.structures
    accuracy = density_error(units, molecules, evidence.settings.force_field.smirnoff)
    known = evidence.settings.protocol.glass_transition_K
    transition = evidence.substance.glass_transition_k(known)
    cooling = None if transition is None else glass_forming_cooling(evidence.run().stages, transition[0])
    force_field = {"chemical_class": accuracy.chemical_class, "benchmark_of": accuracy.force_field}
    if transition is None or cooling is None:
        same = slowly_cooled_density(density, evidence.temperature_k, None, 0.0, 0.0, accuracy.rmse_g_cm3)
        return replace(same, about={"force_field_error": force_field})
    corrected = slowly_cooled_density(
        density, evidence.temperature_k, cooling, *transition, force_field_error_g_cm3=accuracy.rmse_g_cm3
    )
    about = {
        "rate_K_per_ps": cooling.rate_k_per_ps,
        "start_K": cooling.start_k,
        "glass_transition_K": transition[0],
        "glass_transition_stderr_K": transition[1],
        "glass_transition_is": "estimated" if known is None else "given",
    }
    return replace(corrected, about={"cooling": about, "force_field_error": force_field})


SLOWLY_COOLED_DENSITY = Property(
    PropertySpec(
        "slowly_cooled_density", "g/cm3", "Density corrected for the cooling rate", "ρ_slow", 0.7, 2.5, 0.3, 5.0, 0.01
    ),
    estimate,
    needs=Needs(runs=(EQUILIBRATED,), properties=("density",)),
)
