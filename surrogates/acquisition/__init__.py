"""Acquisition functions over pools of candidates."""

from surrogates.acquisition.select import Selection, select_batch

__all__ = ["Selection", "select_batch"]
