"""Gaussian processes over repeat units."""

from surrogates.models.gp import Hyperparameters, PropertyGP, TrainingData
from surrogates.models.saving import load_surrogates, save_surrogates
from surrogates.models.surrogate_set import Prediction, SurrogateSet, fit_surrogates, log_interval_probability

__all__ = [
    "Hyperparameters",
    "Prediction",
    "PropertyGP",
    "SurrogateSet",
    "TrainingData",
    "fit_surrogates",
    "load_surrogates",
    "log_interval_probability",
    "save_surrogates",
]
