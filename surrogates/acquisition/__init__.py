"""Acquisition functions over pools of candidates."""

from surrogates.acquisition.problem import Problem
from surrogates.acquisition.select import Selection, select_batch
from surrogates.registry import METHODS, register_method

__all__ = ["METHODS", "Problem", "Selection", "register_method", "select_batch"]
