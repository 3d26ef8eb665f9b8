"""Cooling scans that were never run: stairs of a known glass transition with known noise."""

from collections.abc import Sequence

import numpy as np

from mdcore.estimate import Scan, Stairs
from mdcore.estimate.hyperbola import Hyperbola

TRANSITION_K, GLASS, MELT, WIDTH_K = 450.0, 2.0e-4, 6.0e-4, 20.0
GLASS_CP, MELT_CP = 3.0, 3.4
RATE_K_PER_PS = 1.0


def made_stairs(
    rng: np.random.Generator,
    *,
    noise: float = 1e-3,
    transition_k: float = TRANSITION_K,
    bend: float = MELT - GLASS,
    step_bend: float = MELT_CP - GLASS_CP,
    temperature_k: Sequence[float] = tuple(np.arange(220.0, 701.0, 20.0)),
    n_atoms: int = 600,
) -> Stairs:
    """Return the stairs of one cell; the noise of ln v is given, that of the enthalpy is 1000 times as large in J/g."""
    t = np.array(temperature_k)
    volume = Hyperbola(transition_k, 0.0, GLASS, bend, WIDTH_K)(t)
    enthalpy = Hyperbola(transition_k, -500.0, GLASS_CP, step_bend, WIDTH_K)(t)
    # The stated errors differ between stairs, as those of short series do.
    errors = noise * np.exp(rng.normal(0.0, 0.3, len(t)))
    return Stairs(
        t,
        volume + rng.normal(0.0, 1.0, len(t)) * errors,
        errors,
        enthalpy + rng.normal(0.0, 1.0, len(t)) * errors * 1e3,
        errors * 1e3,
        np.zeros(len(t)),
        np.zeros(len(t)),
        n_atoms,
    )


def made_scan(seed: int, cells: int = 1, **how: object) -> Scan:
    """Return a scan of independent cells."""
    rng = np.random.default_rng(seed)
    return Scan(tuple(made_stairs(rng, **how) for _ in range(cells)), RATE_K_PER_PS)  # type: ignore[arg-type]
