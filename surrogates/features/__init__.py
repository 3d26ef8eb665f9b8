"""Features of the periodic repeat unit, independent of spelling, cut and direction."""

from surrogates.features.table import Features, Featuriser, features_from_arrays, shared_featuriser

__all__ = ["Features", "Featuriser", "features_from_arrays", "shared_featuriser"]
