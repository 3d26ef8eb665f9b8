"""The fitted surrogates as BoTorch models."""

import warnings
from collections.abc import Sequence

import torch

from mdcore.chem import RepeatUnit
from surrogates.models.surrogate_set import SurrogateSet

with warnings.catch_warnings():
    # linear_operator compiles one function with torch.jit while it is imported, which newer torch calls deprecated.
    warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=DeprecationWarning)
    from botorch.models.gp_regression import SingleTaskGP
    from botorch.models.model_list_gp_regression import ModelListGP
    from botorch.models.transforms.outcome import Standardize
    from gpytorch.kernels import ScaleKernel
    from gpytorch.means import ConstantMean

    from surrogates.kernels.gpytorch_minmax import MinMaxKernel


def feature_tensor(surrogates: SurrogateSet, units: Sequence[RepeatUnit]) -> torch.Tensor:
    """Folded count fingerprints of n units as BoTorch inputs, shape (n, columns), float64."""
    return torch.from_numpy(surrogates.featurise(units).counts())


def to_botorch(surrogates: SurrogateSet) -> ModelListGP:
    """Build a BoTorch model whose posterior of the latent properties equals the surrogates' own.

    Inputs are folded count fingerprints, see `feature_tensor`; outputs are in the properties' units, in the
    order of `surrogates.properties`. Hyperparameters are copied, not refitted. Properties without data are refused by
    BoTorch: leave them out of the set.

    Raises:
        ValueError: A property has no measurement.
    """
    table = torch.from_numpy(surrogates.features.counts())
    models = []
    for model in surrogates.models:
        if len(model.rows) == 0:
            raise ValueError(
                f"{model.property} has no measurement, and BoTorch needs at least one; measure it or leave it out"
            )
        rows = torch.from_numpy(model.rows)
        targets = torch.from_numpy(model.targets).unsqueeze(-1)
        noise = torch.from_numpy(model.known_noise + model.parameters.noise).unsqueeze(-1)
        mean = ConstantMean()
        covariance = ScaleKernel(MinMaxKernel())
        single = SingleTaskGP(
            table[rows], targets, noise, covar_module=covariance, mean_module=mean, outcome_transform=None
        ).double()
        # The transform goes in afterwards: given to the constructor it would be trained on the data again.
        transform = Standardize(m=1)
        transform.means = torch.full((1, 1), model.location, dtype=torch.float64)
        transform.stdvs = torch.full((1, 1), model.spread, dtype=torch.float64)
        transform._stdvs_sq = transform.stdvs.square()
        transform._is_trained = torch.tensor(True)
        transform.eval()
        single.outcome_transform = transform
        mean.constant = torch.tensor(model.parameters.mean, dtype=torch.float64)
        covariance.outputscale = torch.tensor(model.parameters.outputscale, dtype=torch.float64)
        models.append(single.eval())
    return ModelListGP(*models).eval()
