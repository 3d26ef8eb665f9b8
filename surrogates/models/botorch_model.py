"""Export of fitted surrogates to BoTorch."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from mdcore.chem import Composition
from surrogates.errors import Unsupported
from surrogates.features import Features
from surrogates.kernels import MEAN_VARIANCE
from surrogates.models.gp import PropertyGP
from surrogates.models.property_model import PropertyModel
from surrogates.models.surrogate_set import SurrogateSet

with warnings.catch_warnings():
    # linear_operator compiles one function with torch.jit while it is imported, which newer torch calls deprecated.
    warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=DeprecationWarning)
    from botorch.models.gp_regression import SingleTaskGP
    from botorch.models.model_list_gp_regression import ModelListGP
    from botorch.models.transforms.outcome import Standardize
    from gpytorch.kernels import ConstantKernel, Kernel, LinearKernel, MaternKernel, RBFKernel, ScaleKernel
    from gpytorch.means import ZeroMean

    from surrogates.kernels.gpytorch_minmax import MinMaxKernel


def feature_tensor(surrogates: SurrogateSet, units: Sequence[Composition]) -> torch.Tensor:
    """Features of n units as BoTorch inputs, shape (n, columns + d), float64: counts, then descriptors."""
    return _tensor(surrogates.featurise(units))


def _tensor(features: Features) -> torch.Tensor:
    # Division by sqrt(d) turns sums over descriptors into the means that the covariance uses.
    descriptors = features.descriptors / np.sqrt(max(features.descriptors.shape[1], 1))
    return torch.from_numpy(np.hstack([features.counts(), descriptors]))


def to_botorch(surrogates: SurrogateSet) -> ModelListGP:
    """Build a BoTorch model whose posterior of the latent properties equals the surrogates' own.

    Inputs are those of `feature_tensor`; outputs are in the properties' units, in the order of `surrogates.properties`.
    Hyperparameters are copied, not refitted. BoTorch has no polymer-specific term; its variance is added to the noise.

    Raises:
        ValueError: A property has no measurement, or its model has several tasks or inducing points.
        Unsupported: The models are of another learner than `gp`.
    """
    table = _tensor(surrogates.features)
    d = surrogates.features.descriptors.shape[1]
    return ModelListGP(*(_single(model, table, d) for model in surrogates.models)).eval()


def _single(model: PropertyModel, table: torch.Tensor, descriptors: int) -> SingleTaskGP:
    if not isinstance(model, PropertyGP):
        raise Unsupported(f"only models of learner gp can be exported, but that of {model.name} is of another one")
    data = model.data
    if len(data) == 0:
        raise ValueError(
            f"BoTorch requires at least one measurement of {model.name}, got none; measure it or exclude it"
        )
    if model.shrink is not None or data.tasks.any():
        raise ValueError(
            f"only exact single-task models can be exported, but {model.name} has several tasks or inducing points"
        )
    covariance = _kernel(model, table.shape[1] - descriptors, descriptors)
    single = SingleTaskGP(
        table[torch.from_numpy(data.rows)],
        torch.from_numpy(data.targets).unsqueeze(-1),
        torch.from_numpy(data.noise + model.parameters.noise[0] + model.parameters.covariance.peculiar).unsqueeze(-1),
        covar_module=covariance,
        mean_module=ZeroMean(),
        outcome_transform=None,
    ).double()
    # The transform is set afterwards, because the constructor would fit it to the data.
    transform = Standardize(m=1)
    transform.means = torch.full((1, 1), data.location, dtype=torch.float64)
    transform.stdvs = torch.full((1, 1), data.spread, dtype=torch.float64)
    transform._stdvs_sq = transform.stdvs.square()
    transform._is_trained = torch.tensor(True)
    transform.eval()
    single.outcome_transform = transform
    return single.eval()


def _kernel(model: PropertyGP, counts: int, descriptors: int) -> Kernel:
    k = model.parameters.covariance
    similar = ScaleKernel(MinMaxKernel(active_dims=tuple(range(counts)))).double()
    similar.outputscale = torch.tensor(k.similarity, dtype=torch.float64)
    constant = ConstantKernel().double()
    constant.constant = torch.tensor(MEAN_VARIANCE, dtype=torch.float64)
    if descriptors == 0:
        # Without descriptors every distance is zero, and their term is another constant.
        constant.constant = torch.tensor(MEAN_VARIANCE + k.descriptor, dtype=torch.float64)
        return similar + constant
    dimensions = tuple(range(counts, counts + descriptors))
    radial = (
        RBFKernel(active_dims=dimensions) if k.radial == "rbf" else MaternKernel(nu=2.5, active_dims=dimensions)
    ).double()
    radial.lengthscale = torch.tensor(k.lengthscale, dtype=torch.float64)
    described = ScaleKernel(radial).double()
    described.outputscale = torch.tensor(k.descriptor, dtype=torch.float64)
    if k.linear == 0:
        return similar + described + constant
    linear = LinearKernel(active_dims=dimensions).double()
    linear.variance = torch.tensor(k.linear, dtype=torch.float64)
    return similar + described + linear + constant
