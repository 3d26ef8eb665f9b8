"""Features of the periodic repeat unit, independent of spelling, cut and direction."""

from surrogates.features.table import (
    FeatureLookup,
    Features,
    Featuriser,
    features_from_arrays,
    names_of,
    shared_featuriser,
)

__all__ = ["FeatureLookup", "Features", "Featuriser", "features_from_arrays", "names_of", "shared_featuriser"]
