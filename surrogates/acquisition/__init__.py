"""Acquisition over candidate pools."""

from surrogates.acquisition.select import Selection, select_batch

__all__ = ["Selection", "select_batch"]
