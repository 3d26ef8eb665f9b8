"""Gaussian-process surrogates of polymer properties and the choice of what to simulate next."""

from surrogates.acquisition import Selection, select_batch
from surrogates.beyond import regions_beyond
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
)
from surrogates.front_probability import front_probability
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
