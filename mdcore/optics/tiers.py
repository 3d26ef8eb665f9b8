"""Choice between the optics tiers."""

from collections.abc import MutableMapping

from mdcore.chem import RepeatUnit
from mdcore.optics.additive import additive_refractions
from mdcore.optics.errors import UnknownEnvironment
from mdcore.optics.level import Level, pyscf_available
from mdcore.optics.settings import OpticsSettings
from mdcore.optics.values import Refractions


def prefers_additive(unit: RepeatUnit, additive: Refractions, level: Level) -> bool:
    """Tell whether the additive value of a unit is trustworthy beside what DFT would give.

    The rule is that of the smaller stated error. Those of the additive tier come from its rows and from 300 liquids, those
    of DFT from the liquids of benchmarks/optics_levels.py; both grow with unresolved or extended pi systems. The errors of
    level and dispersion weigh equally: additive where the product of their ratios to those of DFT is at most one.
    """
    from mdcore.optics.density_functional import expected_errors

    level_error, dispersion_error = expected_errors(unit, level)
    return additive.relative_error / level_error * (additive.relative_dispersion_error / dispersion_error) <= 1.0


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
            if not pyscf_available() or prefers_additive(unit, additive, settings.level):
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
