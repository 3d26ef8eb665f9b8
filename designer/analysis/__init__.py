"""Analysis of a campaign's evaluations: Pareto front, growth of the hypervolume, cost, comparison of campaigns."""
