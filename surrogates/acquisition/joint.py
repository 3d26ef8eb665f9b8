"""Joint posterior samples of a growing base set and a pool of candidates, conditioned incrementally."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from surrogates.features import Features
from surrogates.kernels import TablePair
from surrogates.models import Posterior, PropertyModel
from surrogates.models.linalg import robust_cholesky

QUIET_JITTER = 1e-6
"""Relative jitter of posterior covariances up to which no warning is issued; they are singular for repeated points."""

FLOOR = 1e-9
"""Fraction of the prior variance that is added to the base set's variances."""

SMALLEST_RESIDUAL = 1e-10
"""Fraction of the prior variance below which a candidate counts as determined by the base set."""


def normal_draws(samples: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Draw quasi-Monte Carlo standard normal samples, shape (samples, dimensions), from scrambled Sobol points."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(samples)))
    points = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random_base2(power)[:samples]
    return np.asarray(ndtri(np.clip(points, 1e-10, 1 - 1e-10)), dtype=np.float64)


@dataclass
class PoolBlock:
    """Posterior of a block of candidates given the observations and the base set; updated when the base set grows.

    Attributes:
        features: Features of the N candidates.
        posteriors: Posterior of each property given the observations.
        mean: Samples of the conditional mean, shape (S, N, m).
        residual: Variance not explained by the base set, shape (N, m).
        loadings: Loadings on the base set's draws for each property, shape (N, B).
        chosen: Candidates of the block that have joined the base set, in order.
        factors: Factor of the covariance not explained by the initial base set for each property, computed on demand.
    """

    features: Features
    posteriors: list[Posterior]
    mean: NDArray[np.float64]
    residual: NDArray[np.float64]
    loadings: list[NDArray[np.float64]]
    chosen: list[int] = field(default_factory=list)
    factors: list[NDArray[np.float64]] = field(default_factory=list)


class JointSampler:
    """Samples the base set (measured and pending units) once, and candidates conditional on it.

    For a base set b with posterior covariance L L^T and draws z_b, a candidate x has the sample
    mean(x) + a(x) z_b + r(x) z_x with a(x) = cov(x, b) L^-T and r(x)^2 = var(x) - |a(x)|^2. A selected candidate joins
    the base set as a new row of L, without another pass over the observations.
    """

    def __init__(
        self, models: Sequence[PropertyModel], observed: Features, base: Features, draws: NDArray[np.float64]
    ) -> None:
        """Sample the base set.

        Args:
            models: One model for each property.
            observed: Features of the observed units, the rows that the models refer to.
            base: Features of the base set, B rows.
            draws: Standard normals, shape (S, at least B + 1, m); slot B + k belongs to the k-th selected candidate.
        """
        self.models = list(models)
        self.observed = observed
        self.draws = draws
        self.size = len(base)
        self._base = base
        self._posteriors = []
        self._factors = []
        self.values = np.empty((draws.shape[0], self.size, len(self.models)))
        tables = TablePair(base, observed)
        mutual = TablePair(base, base)
        for j, model in enumerate(self.models):
            posterior = model.posterior(tables)
            covariance = posterior.covariance(posterior, mutual)
            # Exactly measured units have zero variance; a small addition keeps the factor well scaled.
            covariance[np.diag_indices_from(covariance)] += FLOOR * model.prior_variance
            factor = robust_cholesky(covariance, quiet=QUIET_JITTER)
            self._posteriors.append(posterior)
            self._factors.append(factor)
            self.values[:, :, j] = posterior.mean + draws[:, : self.size, j] @ factor.T

    def block(self, features: Features) -> PoolBlock:
        """Condition N candidates on the initial base set."""
        tables = TablePair(features, self.observed)
        to_base = TablePair(features, self._base)
        size = len(self._base)
        mean = np.empty((self.draws.shape[0], len(features), len(self.models)))
        residual = np.empty((len(features), len(self.models)))
        posteriors, all_loadings = [], []
        for j, model in enumerate(self.models):
            posterior = model.posterior(tables)
            shared = posterior.covariance(self._posteriors[j], to_base)
            loadings = solve_triangular(self._factors[j], shared.T, lower=True, check_finite=False).T
            mean[:, :, j] = posterior.mean + self.draws[:, :size, j] @ loadings.T
            left = posterior.variance - np.einsum("ij,ij->i", loadings, loadings)
            residual[:, j] = np.maximum(left, 0.0)
            posteriors.append(posterior)
            all_loadings.append(loadings)
        return PoolBlock(features, posteriors, mean, residual, all_loadings)

    def samples(self, block: PoolBlock) -> NDArray[np.float64]:
        """Sample the candidates of a block for the next slot, shape (S, N, m)."""
        return np.asarray(
            block.mean + np.sqrt(block.residual)[None] * self.draws[:, None, self.size, :], dtype=np.float64
        )

    def draw(self, block: PoolBlock, sample: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the candidates of a block jointly, conditional on one sample of the base set, shape (N, m).

        The first draw costs O(N^3). Later draws reuse the factor and condition the sample on the candidates selected since then,
        which costs O(N) per candidate and is exact (Matheron's rule).
        """
        start = block.loadings[0].shape[1] - len(block.chosen)
        if not block.factors:
            mutual = TablePair(block.features, block.features)
            for j, model in enumerate(self.models):
                covariance = block.posteriors[j].covariance(block.posteriors[j], mutual)
                covariance -= block.loadings[j][:, :start] @ block.loadings[j][:, :start].T
                covariance[np.diag_indices_from(covariance)] += FLOOR * model.prior_variance
                block.factors.append(robust_cholesky(covariance, quiet=QUIET_JITTER))
        drawn = np.empty((len(block.features), len(self.models)))
        for j in range(len(self.models)):
            deviation = block.factors[j] @ rng.standard_normal(len(drawn))
            for k, index in enumerate(block.chosen, start):
                loading = block.loadings[j][:, k]
                if loading[index] > 0.0:
                    deviation = deviation - loading * (deviation[index] / loading[index])
            drawn[:, j] = block.mean[sample, :, j] + deviation
        return drawn

    def choose(self, block: PoolBlock, index: int) -> None:
        """Move one candidate of a block into the base set and condition the rest of the block on it."""
        sample = self.samples(block)[:, index, :]
        self.values = np.concatenate([self.values, sample[:, None, :]], axis=1)
        one = slice(index, index + 1)
        to_one = TablePair(block.features, block.features.take(one))
        for j, model in enumerate(self.models):
            posterior = block.posteriors[j]
            cross = posterior.covariance(posterior.take(one), to_one)[:, 0]
            cross = cross - block.loadings[j] @ block.loadings[j][index]
            root = np.sqrt(block.residual[index, j])
            loading = cross / root if root**2 > SMALLEST_RESIDUAL * model.prior_variance else np.zeros(len(cross))
            block.loadings[j] = np.column_stack([block.loadings[j], loading])
            block.residual[:, j] = np.maximum(block.residual[:, j] - loading**2, 0.0)
            block.mean[:, :, j] += self.draws[:, self.size, j][:, None] * loading[None, :]
        block.chosen.append(index)
        self.size += 1
