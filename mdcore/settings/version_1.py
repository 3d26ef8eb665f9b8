"""Reading of identities of version 1, which contained all settings of a simulation."""

from collections.abc import Mapping
from typing import Any

DEFAULTS: dict[str, Any] = {
    "cell": {
        "n_chains": 10,
        "atoms_per_chain": 1000,
        "end_groups": ["*[H]", "*[H]"],
        "tacticity": "atactic",
        "meso_fraction": 0.5,
        "growth_density_g_cm3": 0.35,
    },
    "force_field": {
        "smirnoff": "openff-2.2.1.offxml",
        "charge_model": "openff-gnn-am1bcc-1.0.0.pt",
        "cutoff_nm": 0.9,
        "switch_width_nm": 0.1,
        "dispersion_correction": True,
        "hydrogen_mass_amu": 3.0,
        "ewald_tolerance": 5e-4,
    },
    "protocol": {
        "temperature_K": 300.0,
        "pressure_atm": 1.0,
        "max_temperature_K": None,
        "glass_transition_K": None,
        "timestep_fs": 4.0,
        "friction_per_ps": 1.0,
        "compress_ps": 100.0,
        "cycle_pressures_atm": [1000.0, 30000.0, 50000.0, 25000.0, 5000.0, 500.0],
        "cycle_ps": 200.0,
        "melt_ps": 1000.0,
        "cool_ps": 2000.0,
        "cool_at": "pressure",
        "settle_ps": 500.0,
        "sample_ps": 1000.0,
        "max_extensions": 3,
        "record_interval_ps": 1.0,
        "convergence_required": False,
    },
    "replicates": 1,
}
"""Defaults of all settings at the end of version 1. They must not be changed."""


OPTICS = (
    "kind", "functional", "basis", "n_conformers", "max_heavy_atoms", "conformers", "density", "device"
)  # fmt: skip
"""All settings of the optics tiers at the end of version 1."""

PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "cell": {"n_chains": 3, "atoms_per_chain": 190},
        "force_field": {"cutoff_nm": 0.8},
        "protocol": {
            "compress_ps": 8.0,
            "cycle_pressures_atm": [],
            "melt_ps": 40.0,
            "cool_ps": 60.0,
            "cool_at": "volume",
            "settle_ps": 12.0,
            "sample_ps": 24.0,
            "max_extensions": 0,
            "record_interval_ps": 0.2,
        },
    },
    "standard": {},
    "accurate": {
        "cell": {"n_chains": 20, "atoms_per_chain": 2000},
        "force_field": {"cutoff_nm": 1.2},
        "protocol": {
            "timestep_fs": 2.0,
            "melt_ps": 5000.0,
            "cool_ps": 20000.0,
            "settle_ps": 2000.0,
            "sample_ps": 5000.0,
        },
    },
}
"""Differences of the presets from the defaults at the end of version 1."""


def asked_of_version_1(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request, as `asked_simulation` does, from settings stored in full by version 1."""
    rest = {name: value for name, value in settings.items() if name != "preset"}
    return {"preset": settings["preset"], **_without(rest, DEFAULTS)}


def version_1_of_asked(asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the settings stored by version 1 for a request, or None if version 1 could not express it."""
    rest = {name: value for name, value in asked.items() if name != "preset"}
    full = _with(rest, DEFAULTS)
    return None if full is None else {"preset": asked["preset"], **full}


def _without(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in defaults:
            found[name] = value
        elif isinstance(value, Mapping):
            if inner := _without(value, defaults[name]):
                found[name] = inner
        elif value != defaults[name]:
            found[name] = value
    return found


def _with(asked: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any] | None:
    if not asked.keys() <= defaults.keys():
        return None
    found: dict[str, Any] = {}
    for name, default in defaults.items():
        value = _with(asked.get(name, {}), default) if isinstance(default, Mapping) else asked.get(name, default)
        if value is None and isinstance(default, Mapping):
            return None
        found[name] = value
    return found
