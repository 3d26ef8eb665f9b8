"""Choice between the optics tiers."""

from collections.abc import MutableMapping

from mdcore.chem import RepeatUnit
from mdcore.optics.additive import additive_refractions
from mdcore.optics.errors import UnknownEnvironment
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.optics.level import Level, pyscf_available
from mdcore.optics.settings import OpticsSettings
from mdcore.optics.values import Refractions


def prefers_additive(unit: RepeatUnit, additive: Refractions, level: Level) -> bool:
    """Return whether the additive value of a unit is at least as accurate as DFT would be.

    The tier with the smaller stated error is chosen. Errors of the additive tier come from its rows and from 300 liquids, those
    of DFT from the liquids of benchmarks/optics_levels.py; both grow with unresolved or extended pi systems. The errors of
    level and dispersion have equal weight: additive if the product of their ratios to those of DFT is at most one.
    """
    from mdcore.optics.density_functional import expected_errors

    level_error, dispersion_error = expected_errors(unit, level)
    return additive.relative_error / level_error * (additive.relative_dispersion_error / dispersion_error) <= 1.0


def needs_dft(unit: RepeatUnit, settings: OpticsSettings) -> bool:
    """Return whether `refractions` will use DFT for a unit: by choice, or because `auto` selects it."""
    if settings.kind != "auto":
        return settings.kind == "dft"
    if not pyscf_available():
        return False
    try:
        additive = additive_refractions(unit)
    except UnknownEnvironment:
        return True
    return not prefers_additive(unit, additive, settings.level)


def refractions(
    unit: RepeatUnit,
    settings: OpticsSettings | None = None,
    *,
    cache: MutableMapping[str, str] | None = None,
    seed: int = 0,
    source: ConformerSource = ETKDG,
) -> Refractions:
    """Return the molar refractions of a repeat unit from the tier chosen by the settings.

    Args:
        unit: Repeat unit.
        settings: Tier and level; defaults if None.
        cache: Results of the DFT tier by key; see `dft_refractions`.
        seed: Seed of the DFT tier's conformers.
        source: Source of geometries for the DFT tier: embedded by default, or a simulated cell.

    Raises:
        UnknownEnvironment: The additive tier has no value, and DFT was not requested or is not installed.
        OpticsUnavailable: DFT was requested, but PySCF is not installed.
        OpticsFailed: A DFT calculation did not converge.
    """
    settings = OpticsSettings() if settings is None else settings
    if not needs_dft(unit, settings):
        return additive_refractions(unit)
    from mdcore.optics.density_functional import dft_refractions

    return dft_refractions(
        unit,
        settings.level,
        n_conformers=settings.n_conformers,
        max_heavy_atoms=settings.max_heavy_atoms,
        seed=seed,
        cache=cache,
        source=source,
        device=settings.device,
    )
