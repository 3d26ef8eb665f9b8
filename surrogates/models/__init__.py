"""Gaussian processes over repeat units."""

from surrogates.models.gp import ExactGP, Hyperparameters
from surrogates.models.surrogate_set import Prediction, SurrogateSet, fit_surrogates, log_interval_probability

__all__ = ["ExactGP", "Hyperparameters", "Prediction", "SurrogateSet", "fit_surrogates", "log_interval_probability"]
