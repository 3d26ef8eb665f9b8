"""Choice between the optics tiers."""

from collections.abc import MutableMapping

from mdcore.chem import RepeatUnit
from mdcore.optics.additive import additive_refractions
from mdcore.optics.errors import UnknownEnvironment
from mdcore.optics.level import pyscf_available
from mdcore.optics.settings import OpticsSettings
from mdcore.optics.values import Refractions

# `auto` asks for DFT above these relative standard errors of the additive tier; see benchmarks/optics_accuracy.py.
TRUSTED_ERROR = 0.012
TRUSTED_DISPERSION_ERROR = 0.10


def is_trustworthy(additive: Refractions) -> bool:
    """Tell whether `auto` accepts an additive value: no unresolved pi system, and stated errors below the thresholds."""
    return (
        not {"fused-aromatic", "conjugated"} & set(additive.flags)
        and additive.relative_error <= TRUSTED_ERROR
        and additive.relative_dispersion_error <= TRUSTED_DISPERSION_ERROR
    )


def refractions(
    unit: RepeatUnit,
    settings: OpticsSettings | None = None,
    *,
    cache: MutableMapping[str, str] | None = None,
    seed: int = 0,
) -> Refractions:
    """Return the molar refractions of a repeat unit by the tier that the settings choose.

    Args:
        unit: Repeat unit.
        settings: Tier and level; defaults if None.
        cache: Results of the DFT tier by key; see `dft_refractions`.
        seed: Seed of the DFT tier's conformers.

    Raises:
        UnknownEnvironment: The additive tier has no value and DFT was not asked for or is not installed.
        OpticsUnavailable: DFT was asked for by name and PySCF is not installed.
        OpticsFailed: A DFT calculation did not converge.
    """
    settings = OpticsSettings() if settings is None else settings
    if settings.kind == "additive":
        return additive_refractions(unit)
    if settings.kind == "auto":
        try:
            additive = additive_refractions(unit)
        except UnknownEnvironment:
            if not pyscf_available():
                raise
        else:
            if is_trustworthy(additive) or not pyscf_available():
                return additive
    from mdcore.optics.density_functional import dft_refractions

    return dft_refractions(
        unit,
        settings.level,
        n_conformers=settings.n_conformers,
        max_heavy_atoms=settings.max_heavy_atoms,
        seed=seed,
        cache=cache,
    )
