"""Gaussian-process surrogates of polymer properties and the choice of what to simulate next.

SciPy and everything else load on first use of a name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from surrogates.errors import (
    FitError,
    InvalidObjective,
    InvalidObservations,
    InvalidPool,
    JitterWarning,
    NoPriorRange,
    SurrogatesError,
    SurrogatesWarning,
    UnknownSurrogate,
    UnreadableModel,
    Unsupported,
)
from surrogates.front_probability import front_probability  # at once: its module has the same name

if TYPE_CHECKING:
    from surrogates.acquisition import Selection, select_batch
    from surrogates.beyond import regions_beyond
    from surrogates.models import (
        Prediction,
        SurrogateSet,
        fit_surrogates,
        load_surrogates,
        log_interval_probability,
        save_surrogates,
    )
    from surrogates.objective import Constraint, Objective
    from surrogates.observations import Observations
    from surrogates.pareto import hypervolume, pareto_mask, reference_point
    from surrogates.settings import AcquisitionSettings, SurrogateSettings

_HOMES = {
    "AcquisitionSettings": "settings",
    "Constraint": "objective",
    "Objective": "objective",
    "Observations": "observations",
    "Prediction": "models",
    "Selection": "acquisition",
    "SurrogateSet": "models",
    "SurrogateSettings": "settings",
    "fit_surrogates": "models",
    "hypervolume": "pareto",
    "load_surrogates": "models",
    "log_interval_probability": "models",
    "pareto_mask": "pareto",
    "reference_point": "pareto",
    "regions_beyond": "beyond",
    "save_surrogates": "models",
    "select_batch": "acquisition",
}

__all__ = [
    "AcquisitionSettings",
    "Constraint",
    "FitError",
    "InvalidObjective",
    "InvalidObservations",
    "InvalidPool",
    "JitterWarning",
    "NoPriorRange",
    "Objective",
    "Observations",
    "Prediction",
    "Selection",
    "SurrogateSet",
    "SurrogateSettings",
    "SurrogatesError",
    "SurrogatesWarning",
    "UnknownSurrogate",
    "UnreadableModel",
    "Unsupported",
    "fit_surrogates",
    "front_probability",
    "hypervolume",
    "load_surrogates",
    "log_interval_probability",
    "pareto_mask",
    "reference_point",
    "regions_beyond",
    "save_surrogates",
    "select_batch",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"surrogates.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
