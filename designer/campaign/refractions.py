"""The DFT tier within a campaign: computed beside the simulations, kept in the store."""

from sqlalchemy import Engine

from designer.cluster.base import Cluster, RefractionsJob
from designer.config import CampaignConfig
from designer.store.refractions import RefractionStore
from designer.store.transactions import Patience
from mdcore.chem import RepeatUnit
from mdcore.measure import OPTICAL
from mdcore.optics import FolderCache, dft_cache_key, key_prefix, needs_dft


class RefractionKeeper:
    """Has polarizabilities computed beside the simulations that need them, each unit once for a store.

    Workers exchange results through a folder of the campaign; the store keeps them for later campaigns. Where a
    simulation ends before its quantum chemistry began, its analysis computes it itself, and where that runs elsewhere, waits.

    Args:
        config: The campaign.
        engine: Its store.
        patience: How long the store is waited for; not at all without.
    """

    def __init__(self, config: CampaignConfig, engine: Engine, patience: Patience | None = None) -> None:
        self._settings = config.optics
        self._active = config.optics.kind != "additive" and bool(set(OPTICAL) & set(config.properties()))
        self.folder = (config.campaign_folder / "optics").resolve()
        if self._active:
            self._store = RefractionStore(engine, patience)
            self._results = FolderCache(self.folder)

    def before(self, cluster: Cluster, psmiles: str, label: str) -> None:
        """Start what a simulation will need, unless it is known."""
        # Geometries from the cell are known only when the simulation has ended.
        if not self._active or self._settings.conformers == "cell":
            return
        unit = RepeatUnit.from_psmiles(psmiles)
        if not needs_dft(unit, self._settings):
            return
        key = dft_cache_key(unit, self._settings)
        if key in self._results:
            return
        record = self._store.get(key)
        if record is not None:
            self._results[key] = record
            return
        cluster.submit_refractions(RefractionsJob(label, psmiles, self._settings.model_dump(mode="json"), self.folder))

    def after(self, psmiles: str) -> None:
        """Keep in the store what was computed for a unit."""
        if not self._active:
            return
        unit = RepeatUnit.from_psmiles(psmiles)
        for key in self._results:
            if key.startswith(key_prefix(unit)):
                self._store.keep(key, unit.key, self._settings.level.name, self._results[key])
