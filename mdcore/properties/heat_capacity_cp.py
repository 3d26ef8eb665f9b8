"""Isobaric heat capacity with quantum correction.

Possible values: lead has a heat capacity of 0.13 J/g/K, liquid ammonia 4.7. The default error of tabulated values is 0.05 J/g/K, as
calorimetry is good to 3 %.
"""

from typing import TYPE_CHECKING, Any

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property, Request

if TYPE_CHECKING:
    from mdcore.dynamics.recorded import RunRecord
    from mdcore.estimate import DensityOfStates, Estimate, PressureRun
    from mdcore.properties.evidence import Evidence

RUN = "heat_capacity"
_STEP_J_G_K = 0.3
"""Step of the heat capacity at the glass transition; 0.2 to 0.5 J/g/K for most polymers."""
_GLASS_ANHARMONICITY_J_G_K = 0.05
"""Standard error of Cp - Cv as the anharmonic part of a glass, J/g/K: hindered rotations and soft vibrations."""
_MELT_ERROR_J_G_K2 = 7e-4
"""Standard error of the anharmonic part of a rubber in J/g/K for each kelvin that its melt is hotter: 0.1 J/g/K for 150 K. Two gauche
states of a CH2 group 2.5 kJ/mol above the trans state have 0.08 J/g/K less at 450 K than at 300 K."""
_EXPANSION_ERROR = 0.2
"""Relative error of thermal expansion by the force field: Sage 2.2.1 expands toluene 20 % too much between 298 and 373 K
(`benchmarks/liquid_densities.py`). Cp - Cv contains the square of the expansion."""


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the heat capacity, with its classical, quantum and anharmonic parts."""
    import math

    from mdcore.dynamics.statistics import energy_drift
    from mdcore.estimate import FORCE_FIELD, MODEL, Estimate, HeatCapacityParts, heat_capacity_parts

    run = evidence.run(RUN)
    cold, hot = _visits(run, "cold"), _visits(run, "hot")
    share = run.frames("vibrations").n_atoms / run.bundle.n_atoms
    state, uncertainty = _state(evidence)
    unit = HeatCapacityParts.joule_per_g_k(run.bundle.mass_amu)
    known = _GLASS_ANHARMONICITY_J_G_K / unit if state["state"] == "glass" else None
    parts = heat_capacity_parts(spectra(run), cold, hot, evidence.temperature_k, evidence.pressure_atm, share, known)

    def part(found: Estimate) -> dict[str, float]:
        return {"value": found.value * unit, "stderr": found.stderr * unit}

    energies = [run.stage(index) for index in sorted(set(run.role("vibrations").stage_index.tolist()))]
    drifts = [energy_drift(one.array("potential_kj_mol"), one.array("kinetic_kj_mol"))[0] for one in energies]
    total = parts.total
    errors = {name: error * unit for name, error in total.parts.items()}
    if state["state"] == "rubber":
        above = 0.5 * (cold[0].temperature_k + hot[0].temperature_k) - evidence.temperature_k
        uncertainty = math.hypot(uncertainty, _MELT_ERROR_J_G_K2 * above)
    if uncertainty:
        errors[MODEL] = uncertainty
    known_expansion = math.isfinite(parts.expansion.stderr)
    expansion = {"cp_minus_cv": part(parts.expansion)} if known_expansion else {}
    if known_expansion:
        errors[FORCE_FIELD] = 2.0 * _EXPANSION_ERROR * parts.expansion.value * unit
    return Estimate(
        total.value * unit,
        math.hypot(*errors.values()),
        errors,
        {
            "classical": part(parts.classical),
            "harmonic_quantum": part(parts.quantum),
            "quantum_correction": part(parts.correction),
            "anharmonic": part(parts.anharmonic),
            "anharmonic_from_enthalpy": part(parts.direct),
            **expansion,
            **state,
            "enthalpy_temperatures_K": [cold[0].temperature_k, hot[0].temperature_k],
            "largest_energy_drift": max(drifts, key=abs),
            "vibrations": "true masses, X-H bonds constrained",
        },
    )


def _state(evidence: "Evidence") -> "tuple[dict[str, Any], float]":
    """Return the state that was assumed, and the error in J/g/K from an uncertain glass transition near the temperature.

    With the probability p that the polymer is a rubber, the error is that of a step of that probability.
    """
    from statistics import NormalDist

    from mdcore.protocols import HeatCapacity

    known = HeatCapacity.of(evidence.settings).glass_transition_K
    transition = evidence.substance.glass_transition_k(known)
    if transition is None:
        return {"state": "liquid"}, 0.0
    value, error = transition
    rubber = NormalDist(value, error).cdf(evidence.temperature_k)
    about = {
        "state": "rubber" if evidence.temperature_k > value else "glass",
        "glass_transition_K": value,
        "glass_transition_stderr_K": error,
        "glass_transition_is": "estimated" if known is None else "given",
    }
    return about, _STEP_J_G_K * (rubber * (1.0 - rubber)) ** 0.5


def spectra(run: "RunRecord") -> "list[DensityOfStates]":
    """Return the density of states of each stage of the role `vibrations`."""
    from mdcore.estimate import density_of_states

    frames = run.frames("vibrations")
    index, masses = frames.stage_index, run.bundle.arrays["true_masses_amu"][: frames.n_atoms]
    found = []
    for number in sorted(set(index.tolist())):
        first, last = int((index < number).sum()), int((index <= number).sum())
        interval = frames.times_ps[first + 1] - frames.times_ps[first]
        velocities = frames.velocities_nm_ps[first:last]
        found.append(density_of_states(velocities, masses, float(interval), run.degrees_of_freedom))
    return found


def refuses(request: Request) -> str | None:
    """Refuse temperatures from which the lower one of the two of the enthalpy would not be positive."""
    from pydantic import ValidationError

    from mdcore.protocols import HeatCapacity

    try:
        difference = HeatCapacity.of(request.settings).half_difference_K
    except ValidationError:
        return None  # the plan names the invalid setting
    temperature = request.settings.protocol.temperature_K
    if temperature > difference:
        return None
    return (
        f"heat_capacity_cp needs a temperature above protocols.heat_capacity.half_difference_K {difference:g}, got "
        f"protocol.temperature_K {temperature:g}; raise it or lower the difference"
    )


def _visits(run: "RunRecord", role: str) -> "list[PressureRun]":
    """Return the records of each stage of a role."""
    from mdcore.estimate import PressureRun

    found = []
    for index in sorted(set(run.role(role).stage_index.tolist())):
        rows = run.stage(index)
        names = ("potential_kj_mol", "kinetic_kj_mol", "volume_nm3")
        found.append(PressureRun(float(rows.targets.temperature_K[0]), *(rows.array(name) for name in names)))
    return found


HEAT_CAPACITY_CP = Property(
    PropertySpec("heat_capacity_cp", "J/g/K", "Isobaric heat capacity", "c_p", 0.5, 4.0, 0.05, 10.0, 0.05),
    estimate,
    needs=Needs(runs=(RUN,)),
    refuses=refuses,
)
