"""Models of properties over repeat units, and their learners."""

from surrogates.models.gaussian_process import GaussianProcess
from surrogates.models.gp import Hyperparameters, PropertyGP
from surrogates.models.learner import Learner, TrainingSet, learner_of
from surrogates.models.posterior import Posterior
from surrogates.models.property_model import PropertyModel
from surrogates.models.saving import load_surrogates, save_surrogates
from surrogates.models.surrogate_set import Prediction, SurrogateSet, fit_surrogates, log_interval_probability
from surrogates.models.training import TrainingData
from surrogates.registry import LEARNERS, register_learner

__all__ = [
    "LEARNERS",
    "GaussianProcess",
    "Hyperparameters",
    "Learner",
    "Posterior",
    "Prediction",
    "PropertyGP",
    "PropertyModel",
    "SurrogateSet",
    "TrainingData",
    "TrainingSet",
    "fit_surrogates",
    "learner_of",
    "load_surrogates",
    "log_interval_probability",
    "register_learner",
    "save_surrogates",
]
