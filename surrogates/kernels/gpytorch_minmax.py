"""The MinMax kernel as a GPyTorch kernel, for models that BoTorch and GPyTorch use."""

from typing import Any

import torch
from gpytorch.kernels import Kernel


class MinMaxKernel(Kernel):  # type: ignore[misc]
    """MinMax similarity sum(min(x, y)) / sum(max(x, y)) of non-negative feature rows.

    On counts or bits it is the Tanimoto kernel. It has no hyperparameters; wrap it in a `ScaleKernel`.
    Two rows of zeros have similarity 1. Uses min(x, y) = (x + y - |x - y|) / 2, which requires one distance matrix.
    """

    has_lengthscale = False
    is_stationary = False

    def forward(self, x1: torch.Tensor, x2: torch.Tensor, diag: bool = False, **params: Any) -> torch.Tensor:
        """Evaluate the kernel for rows x1 (..., n, d) and x2 (..., k, d).

        Returns:
            Shape (..., n, k), or (..., n) with `diag`.
        """
        size1, size2 = x1.sum(dim=-1), x2.sum(dim=-1)
        if diag:
            distance = (x1 - x2).abs().sum(dim=-1)
            total = size1 + size2
        else:
            distance = torch.cdist(x1, x2, p=1.0)
            total = size1.unsqueeze(-1) + size2.unsqueeze(-2)
        union = 0.5 * (total + distance)
        safe = torch.where(union > 0, union, torch.ones_like(union))
        return torch.where(union > 0, 0.5 * (total - distance) / safe, torch.ones_like(union))
