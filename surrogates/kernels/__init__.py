"""Kernels between repeat units."""

from surrogates.kernels.covariance import MEAN_VARIANCE, Covariance
from surrogates.kernels.minmax import minmax
from surrogates.kernels.statistics import Statistics, TablePair, statistics

__all__ = ["MEAN_VARIANCE", "Covariance", "Statistics", "TablePair", "minmax", "statistics"]
