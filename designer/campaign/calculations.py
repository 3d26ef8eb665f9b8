"""Calculations beside the simulations of a campaign, kept in the store."""

from sqlalchemy import Engine

from designer.cluster.base import CalculationJob, Cluster
from designer.config import CampaignConfig
from designer.store.calculations import CalculationStore
from designer.store.transactions import Patience
from mdcore.measure import plan_simulation
from mdcore.optics import FolderCache
from mdcore.substances import Substance


class CalculationKeeper:
    """Submits calculations in parallel with the simulations that need them, each piece once for a store.

    Workers exchange results through folders of the campaign; the store keeps them for later campaigns. The analysis of
    a simulation computes pieces that have not begun, and waits for those that are being computed.

    Args:
        config: The campaign.
        engine: Its store.
        patience: Time to wait for the store; by default it is not waited for.
    """

    def __init__(self, config: CampaignConfig, engine: Engine, patience: Patience | None = None) -> None:
        self._settings, self._optics = config.simulation_settings(), config.optics
        self._calculations = plan_simulation(None, self._settings, config.properties(), config.optics).calculations
        self.folder = config.campaign_folder.resolve()
        # Without costly calculations, neither folder nor table is created.
        self._active = any(one.may_be_costly for one in self._calculations)
        if self._active:
            self._store = CalculationStore(engine, patience)
            self._results = {one.name: FolderCache(self.folder / one.folder) for one in self._calculations}

    def before(self, cluster: Cluster, substance: Substance, label: str) -> None:
        """Submit the pieces that a simulation needs and that are not known."""
        if not self._active:
            return
        for calculation in self._calculations:
            results = self._results[calculation.name]
            for piece in calculation.pieces(substance):
                if piece.key in results:
                    continue
                if (record := self._store.get(piece.key)) is not None:
                    results[piece.key] = record
                    continue
                cluster.submit_calculation(
                    CalculationJob(
                        label,
                        calculation.name,
                        self._settings.model_dump(mode="json"),
                        self._optics.model_dump(mode="json"),
                        piece.key,
                        piece.subject,
                        dict(piece.document),
                        self.folder,
                    )
                )

    def after(self, substance: Substance) -> None:
        """Record in the store the pieces computed for a substance."""
        if not self._active:
            return
        for calculation in self._calculations:
            results = self._results[calculation.name]
            prefixes = tuple(calculation.prefixes(substance).items())
            for key in results:
                subject = next((subject for subject, prefix in prefixes if key.startswith(prefix)), None)
                if subject is not None:
                    self._store.keep(key, calculation.name, subject, calculation.level, results[key])
