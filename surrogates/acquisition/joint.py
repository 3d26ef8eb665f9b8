"""Joint posterior samples of a growing base set and of a pool, conditioned incrementally."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from surrogates.features import Features
from surrogates.kernels import statistics
from surrogates.models.gp import PropertyGP
from surrogates.models.linalg import robust_cholesky

QUIET_JITTER = 1e-6
"""Relative jitter of posterior covariances that needs no warning: they are singular where points repeat."""

FLOOR = 1e-9
"""Share of the prior variance added to the base set's variances."""

SMALLEST_RESIDUAL = 1e-10
"""Share of the prior variance below which a candidate is taken as determined by the base set."""


def normal_draws(samples: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    """Draw quasi Monte Carlo standard normals, shape (samples, dimensions), from scrambled Sobol points."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(samples)))
    points = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed)).random_base2(power)[:samples]
    return np.asarray(ndtri(np.clip(points, 1e-10, 1 - 1e-10)), dtype=np.float64)


@dataclass
class PoolBlock:
    """Posterior of a block of candidates given the observations and the base set; grows with the base set.

    Attributes:
        features: Features of the N candidates.
        whitened: For each property the explained part of the covariance, shape (n_j, N).
        mean: Samples of the conditional mean, shape (S, N, m).
        residual: Variance left by the base set, shape (N, m).
        loadings: For each property the loadings on the base set's draws, shape (N, B).
        chosen: Candidates of the block that joined the base set since, in their order.
        factors: For each property a factor of the covariance left by the base set at the start, once it was asked for.
    """

    features: Features
    whitened: list[NDArray[np.float64]]
    mean: NDArray[np.float64]
    residual: NDArray[np.float64]
    loadings: list[NDArray[np.float64]]
    chosen: list[int] = field(default_factory=list)
    factors: list[NDArray[np.float64]] = field(default_factory=list)


class JointSampler:
    """Samples the base set (measured and pending units) once, and candidates conditionally on it.

    For a base set b with posterior covariance L L^T and draws z_b, a candidate x has the sample
    mean(x) + a(x) z_b + r(x) z_x with a(x) = cov(x, b) L^-T and r(x)^2 = var(x) - |a(x)|^2. A choice joins the base set by one
    new row of L, so that no pass over the observations is repeated.
    """

    def __init__(
        self, models: Sequence[PropertyGP], observed: Features, base: Features, draws: NDArray[np.float64]
    ) -> None:
        """Sample the base set.

        Args:
            models: One model for each property.
            observed: Features of the observed units, the rows that the models refer to.
            base: Features of the base set, B rows.
            draws: Standard normals, shape (S, at least B + 1, m); slot B + k belongs to the k-th choice.
        """
        self.models = list(models)
        self.observed = observed
        self.draws = draws
        self.size = len(base)
        self._base = base
        self._whitened = []
        self._factors = []
        self.values = np.empty((draws.shape[0], self.size, len(self.models)))
        pairs = statistics(base, observed)
        mutual = statistics(base, base)
        for j, model in enumerate(self.models):
            cross = model.cross(pairs)
            whitened = model.whiten(cross)
            covariance = model.covariance(mutual, whitened, whitened)
            # What is measured exactly has no variance left; a sliver keeps the factor's scale.
            covariance[np.diag_indices_from(covariance)] += FLOOR * model.prior_variance
            factor = robust_cholesky(covariance, quiet=QUIET_JITTER)
            self._whitened.append(whitened)
            self._factors.append(factor)
            self.values[:, :, j] = model.mean(cross) + draws[:, : self.size, j] @ factor.T

    def block(self, features: Features) -> PoolBlock:
        """Condition N candidates on the base set as it was at the start."""
        pairs = statistics(features, self.observed)
        to_base = statistics(features, self._base)
        size = len(self._base)
        mean = np.empty((self.draws.shape[0], len(features), len(self.models)))
        residual = np.empty((len(features), len(self.models)))
        all_whitened, all_loadings = [], []
        for j, model in enumerate(self.models):
            cross = model.cross(pairs)
            whitened = model.whiten(cross)
            shared = model.covariance(to_base, whitened, self._whitened[j])
            loadings = solve_triangular(self._factors[j], shared.T, lower=True, check_finite=False).T
            mean[:, :, j] = model.mean(cross) + self.draws[:, :size, j] @ loadings.T
            left = model.variance(features, whitened) - np.einsum("ij,ij->i", loadings, loadings)
            residual[:, j] = np.maximum(left, 0.0)
            all_whitened.append(whitened)
            all_loadings.append(loadings)
        return PoolBlock(features, all_whitened, mean, residual, all_loadings)

    def samples(self, block: PoolBlock) -> NDArray[np.float64]:
        """Sample the candidates of a block for the next slot, shape (S, N, m)."""
        return np.asarray(
            block.mean + np.sqrt(block.residual)[None] * self.draws[:, None, self.size, :], dtype=np.float64
        )

    def draw(self, block: PoolBlock, sample: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the candidates of a block jointly, given one sample of the base set, shape (N, m).

        The first draw costs N^3. Later ones take the same factor and condition the draw itself on what was chosen since, which
        costs N for each choice and is exact (Matheron's rule).
        """
        start = block.loadings[0].shape[1] - len(block.chosen)
        if not block.factors:
            pairs = statistics(block.features, block.features)
            for j, model in enumerate(self.models):
                covariance = model.covariance(pairs, block.whitened[j], block.whitened[j])
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
        pairs = statistics(block.features, block.features.take(slice(index, index + 1)))
        for j, model in enumerate(self.models):
            whitened = block.whitened[j]
            cross = model.covariance(pairs, whitened, whitened[:, index : index + 1])[:, 0]
            cross = cross - block.loadings[j] @ block.loadings[j][index]
            root = np.sqrt(block.residual[index, j])
            loading = cross / root if root**2 > SMALLEST_RESIDUAL * model.prior_variance else np.zeros(len(cross))
            block.loadings[j] = np.column_stack([block.loadings[j], loading])
            block.residual[:, j] = np.maximum(block.residual[:, j] - loading**2, 0.0)
            block.mean[:, :, j] += self.draws[:, self.size, j][:, None] * loading[None, :]
        block.chosen.append(index)
        self.size += 1
