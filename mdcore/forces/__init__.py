"""Forces of a bundle's System, term by term, computed with numpy and scipy, and the decomposition of a heat flow by them."""
