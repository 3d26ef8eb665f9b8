"""The campaign: the one mutable object of the house."""

import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from html import escape
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from designer.analysis.front import front_frame
from designer.campaign.ask import ask, ledger_of
from designer.campaign.calculations import CalculationKeeper
from designer.campaign.listed import FixedList
from designer.campaign.loop import Loop
from designer.campaign.proposal import Proposer
from designer.campaign.signals import Interrupted, raise_on_signals
from designer.campaign.stop import Tally, stop_reason
from designer.cluster.base import Cluster, OnDask
from designer.config import CampaignConfig, load_config
from designer.errors import CampaignFailed, DesignerError, InvalidConfig, InvalidRequest
from designer.progress import default_listener
from designer.progress.listener import Listener
from designer.store.claims import release_all
from designer.store.engine import be_patient, close_engine
from designer.store.imported import imported_records
from designer.store.known_data import KnownData
from designer.store.opening import create_store
from designer.store.ownership import Ownership
from designer.store.records import CorrectionRecord, EvaluationRecord
from designer.store.store import CampaignStore
from designer.store.transactions import Patience
from mdcore.optics.level import require_pyscf

if TYPE_CHECKING:
    import pandas as pd

    from designer.analysis.front_table import FrontTable
    from designer.data import DataTable
    from designer.results import Told

STORE_PATIENCE_S = 1800.0
"""How long a running campaign waits for a store that is locked, full or out of reach."""


class Campaign:
    """Designs polymers until a stop rule is reached; resumes wherever it was interrupted.

    Args:
        config: What to design and how.
        listener: Shows what happens; by default a live view on a terminal and in a notebook, nothing elsewhere. Pass
            `SilentListener()` to show nothing.
        proposer: Chooses candidates; the language model with its surrogates by default.
        start_cluster: Starts what runs simulations; the section `cluster` of the configuration decides by default.
        store: Its store, if that is open already.

    Example:
        >>> campaign = Campaign.from_yaml("configs/quickstart.yaml")  # doctest: +SKIP
        >>> campaign.run()  # doctest: +SKIP
        >>> campaign.pareto_front()  # doctest: +SKIP
    """

    def __init__(
        self,
        config: CampaignConfig,
        *,
        listener: Listener | None = None,
        proposer: Proposer | None = None,
        start_cluster: Callable[[], Cluster] | None = None,
        store: CampaignStore | None = None,
    ) -> None:
        self.config = config
        self.objectives = config.objective_list()
        self._listener = listener or default_listener()
        self._proposer = proposer
        self._own_proposer = proposer is None
        self._start_cluster = start_cluster or self._configured_cluster
        self._opened = store
        self._calculations: CalculationKeeper | None = None

    @classmethod
    def from_yaml(cls, path: Path | str, *, listener: Listener | None = None) -> "Campaign":
        """Read a campaign from a YAML file.

        Raises:
            DesignerError: The file is missing or breaks a rule; one line says which and what to do.
        """
        return cls(load_config(path), listener=listener)

    @property
    def store(self) -> CampaignStore:
        """Return the campaign's store, opened or created.

        Raises:
            DesignerError: Something else lies there, or the stored campaign asks for other measurements.
        """
        if self._opened is None:
            engine = create_store(self.config.store_url())
            try:
                self._opened = CampaignStore.begin(
                    engine,
                    name=self.config.name,
                    seed=self.config.seed,
                    config=self.config.document(),
                    identity=self.config.identity(),
                )
            except DesignerError:
                engine.dispose()
                raise
        return self._opened

    def close(self) -> bool:
        """Close the store; it is opened again when it is needed. `designer.store.engine.close_engine` tells what is returned."""
        if self._opened is None:
            return True
        store, self._opened, self._calculations = self._opened, None, None
        return store.close()

    def __enter__(self) -> "Campaign":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Return name, objectives and counts; a store that does not exist yet is not created."""
        return f"<Campaign {self._summary()}>"

    def _repr_html_(self) -> str:
        """Return the summary and the front, for notebooks."""
        summary = f"<p>Campaign {escape(self._summary())}</p>"
        return summary + self.pareto_front()._repr_html_() if self._is_begun() else summary

    def _summary(self) -> str:
        aims = ", ".join(f"{o.direction} {o.property}" for o in self.objectives)
        if not self._is_begun():
            return f"{self.config.name!r}: {aims}; not started"
        counts = self.store.counts()
        return f"{self.config.name!r}: {aims}; {counts['done']} done, {counts['failed']} failed"

    def _is_begun(self) -> bool:
        if self._opened is not None:
            return True
        path = self.config.store_url().path
        return path is not None and path.is_file()

    def pareto_front(self) -> "FrontTable":
        """Return the evaluations that no other dominates, with every measured property and its standard error."""
        return front_frame(self.store.evaluations("done"), self.objectives, self.config.limit_list())

    def finished_reason(self) -> str | None:
        """Return which stop rule has been reached, or None."""
        counts, elapsed = self.store.counts(), self.store.campaign().elapsed_s
        still, fixed = counts["proposed"] + counts["running"], FixedList.of(self.config)
        left = None if still or fixed is None else fixed.left(ledger_of(self.store, self.config))
        tally = Tally(counts["done"] + counts["failed"], still, elapsed, left)
        return stop_reason(self.config.stop, tally)

    def outside_fidelity(self) -> str:
        """Return where measurements from outside come from unless somebody says otherwise."""
        return self.config.fidelity() if self.config.measured_outside else "experiment"

    def ask(self, n: int = 1, *, days: float = 30.0, fidelity: str | None = None) -> list[EvaluationRecord]:
        """Reserve up to `n` candidates for a measurement outside, chosen like those that are simulated.

        Args:
            n: How many.
            days: How long they are reserved.
            fidelity: Where they will be measured; `experiment` by default.

        Raises:
            CampaignFailed: The stop rule allows no more, or nothing is left to propose.
            StoreReadOnly: The store can only be read.
        """
        # A store that cannot be written is told before the corpus and the surrogates are made.
        self.store.check_writable()
        fidelity = self.outside_fidelity() if fidelity is None else fidelity
        return ask(self.store, self.config, self._ensure_proposer(), n, fidelity=fidelity, days=days)

    def release(self, records: Iterable[EvaluationRecord]) -> None:
        """Give back what `ask` reserved and nobody will measure."""
        from designer.store.reservations import release

        release(self.store, records)

    def add_known(
        self,
        data: "Path | str | pd.DataFrame",
        fidelity: str,
        *,
        columns: Sequence[str] = (),
        smiles: str | None = None,
        replace: bool = False,
    ) -> "DataTable":
        """Put known data into the campaign's store, as `designer import` does; the surrogates learn from them.

        Args:
            data: A table (CSV, .xlsx, Parquet) or a pandas DataFrame.
            fidelity: Where the data come from, as `md-gaff2` or `experiment`.
            columns: What columns hold, as `Cp=heat_capacity_cp:J/kg/K`; columns named like properties are found.
            smiles: Column of the structures; `psmiles` or `smiles` by default.
            replace: Take older content of this file away.

        Returns:
            What was read; its `told` lists the rows and cells that could not be used.

        Raises:
            InvalidRequest: It is no such table, or no row can be used.
            ImportConflict: The file was imported before with other content.
        """
        from designer.data import parse_columns, read_table, records_of
        from designer.store.imported import add_imported

        table = read_table(Path(data) if isinstance(data, str) else data, parse_columns(columns), smiles)
        records = records_of(table, fidelity)
        if not records:
            first = f"; {why}" if (why := table.why_empty()) else ""
            raise InvalidRequest(f"{table.path}: no row has a value that can be used{first}")
        source = table.path.name if isinstance(data, str | Path) else f"DataFrame {table.digest[:12]}"
        add_imported(self.store.engine, records, source=source, digest=table.digest, replace=replace)
        if self._own_proposer:
            # One that was made before does not know them.
            self._proposer = None
        return table

    def tell(
        self,
        rows: "Iterable[tuple[int, Mapping[str, Any]]] | pd.DataFrame | Path | str",
        *,
        fidelity: str | None = None,
        replace: bool = False,
    ) -> "Told":
        """Record what was measured outside.

        Args:
            rows: Line number and cells of each row: `candidate` or `psmiles`, `property`, `value`, `stderr`, `unit`; or a
                DataFrame with these columns, or the path of a table or JSON file of them.
            fidelity: Where rows come from that do not say it; `experiment` by default.
            replace: Put results in the place of others that are recorded; those stay on record.

        Returns:
            What was recorded, or which rows were refused, why: then nothing was recorded. Rows that are recorded already are
            left as they are.
        """
        from designer.results import read_rows, tell

        if isinstance(rows, str | Path):
            rows = read_rows(Path(rows))
        elif hasattr(rows, "itertuples"):
            rows = read_rows(cast("pd.DataFrame", rows))
        told = tell(
            self.store, self.config, rows, self.outside_fidelity() if fidelity is None else fidelity, replace=replace
        )
        if reason := self.finished_reason():
            self._mark_finished(reason)
        return told

    def correct(
        self,
        name: str,
        value: float | None = None,
        stderr: float | None = None,
        *,
        reason: str,
        polymer: str | None = None,
        evaluation: int | None = None,
        unit: str | None = None,
        fidelity: str | None = None,
        source: str | None = None,
        line: int | None = None,
    ) -> CorrectionRecord:
        """Correct a value that was imported, told or simulated; the old one stays on record with who, when and why.

        Args:
            name: Registry name.
            value: The right value, None where only the error is wrong.
            stderr: Its standard error, None to keep the recorded one.
            reason: Why.
            polymer: Repeat unit.
            evaluation: Number of an evaluation.
            unit: Unit of both; the registry's by default.
            fidelity: Where the value comes from.
            source: Name of an imported file.
            line: Line of that file.

        Raises:
            InvalidRequest: Nothing or several values match, or the value is physically impossible.
        """
        from designer.amend import correct_value, selection_of

        selection = selection_of(
            self.store.campaign_id, self.store.engine, evaluation, polymer, name, fidelity, source, line
        )
        return correct_value(
            self.store.engine, selection, value, stderr, unit=unit, reason=reason, patience=self.store.patience
        )

    def withdraw(
        self,
        *,
        reason: str,
        polymer: str | None = None,
        evaluation: int | None = None,
        name: str | None = None,
        fidelity: str | None = None,
        source: str | None = None,
        line: int | None = None,
        again: bool = False,
        everything: bool = False,
    ) -> list[CorrectionRecord]:
        """Take back a measurement, an evaluation or an imported file; it stays on record with who, when and why.

        Args:
            reason: Why.
            polymer: Repeat unit.
            evaluation: Number of an evaluation.
            name: Registry name, to take back that property alone.
            fidelity: Where the value comes from.
            source: Name of an imported file.
            line: Line of that file.
            again: Have the simulation done again with other random numbers, or the polymer asked for again.
            everything: All results that match, if there are several.

        Raises:
            InvalidRequest: Nothing matches, or several results and `everything` is not set.
            CampaignBusy: The simulation is running.
        """
        from designer.amend import selection_of, withdraw_results

        selection = selection_of(
            self.store.campaign_id, self.store.engine, evaluation, polymer, name, fidelity, source, line
        )
        return withdraw_results(
            self.store.engine,
            selection,
            reason=reason,
            again=again,
            everything=everything,
            patience=self.store.patience,
        )

    def run(self) -> str:
        """Start or resume the campaign and go on until a stop rule is reached.

        Returns:
            Which stop rule that was.

        Raises:
            CampaignBusy: Another process runs it.
            CampaignFailed: It cannot go on; what was measured is in the store.
            OpticsUnavailable: It asks for DFT by name and PySCF is not installed.
            Interrupted: SIGINT or SIGTERM came; `run` resumes.
        """
        if getattr(multiprocessing.process.current_process(), "_inheriting", False):
            raise CampaignFailed(
                'run() was reached while a worker process imported your script; put it under `if __name__ == "__main__":`'
            )
        try:
            return self._run()
        finally:
            # However it ends, the file of an SQLite store holds everything. The engine connects again when it is needed.
            if self._opened is not None:
                close_engine(self._opened.engine)

    def _run(self) -> str:
        if reason := self.finished_reason():
            self._mark_finished(reason)
            return reason
        if self.config.optics.kind == "dft":
            require_pyscf()
        with raise_on_signals(), Ownership(self.store) as ownership:
            be_patient(self.store.engine)
            self.store.patience = Patience(STORE_PATIENCE_S, self._listener.note)
            if self.store.campaign().stop_reason is not None:
                self.store.mark_finished(None)
            self._listener.begin(self.config.name, self.objectives, self.config.stop.evaluations)
            try:
                reason = self._run_on_cluster(ownership)
            except Interrupted as interruption:
                self.store.add_event("interrupted", str(interruption))
                raise
            finally:
                self._listener.end()
        self._mark_finished(reason)
        return reason

    def _mark_finished(self, reason: str) -> None:
        if self.store.campaign().stop_reason != reason:
            self.store.mark_finished(reason)
            self.store.add_event("finished", reason)

    def _configured_cluster(self) -> Cluster:
        from designer.cluster.start import start_cluster

        return start_cluster(self.config.cluster, self.config.campaign_folder)

    def _run_on_cluster(self, ownership: Ownership) -> str:
        cluster = self._start_cluster()
        with ExitStack() as ending:
            ending.callback(self._close_cluster, cluster, ownership)
            loop = Loop(
                self.config, self.store, cluster, ownership, self._listener, self._ensure_proposer, self.calculations
            )
            self._show(cluster, loop, ending)
            return loop.run()

    def _close_cluster(self, cluster: Cluster, ownership: Ownership) -> None:
        for text in cluster.close():
            self._listener.note(text)
        if not ownership.lost.is_set():
            release_all(self.store)

    def _show(self, cluster: Cluster, loop: Loop, ending: ExitStack) -> None:
        """Add the campaign page to the dashboard of a Dask cluster until the campaign ends, and print its address."""
        if isinstance(cluster, OnDask) and cluster.dashboard:
            from designer.dashboard.attach import AttachedPage
            from designer.dashboard.gather import Gatherer
            from designer.dashboard.watcher import Watcher

            gatherer = Gatherer(self.store, self.config, lambda: cluster.slots, loop.progress)
            page = AttachedPage(cluster.client, Watcher(gatherer.view))
            ending.callback(page.close)
            self._listener.note(f"campaign page, on this machine only: {page.url}")
        elif cluster.dashboard:
            self._listener.note(f"dashboard: {cluster.dashboard}")

    @property
    def calculations(self) -> CalculationKeeper:
        """Return what has calculations beside the dynamics done, and keeps them."""
        if self._calculations is None:
            self._calculations = CalculationKeeper(self.config, self.store.engine, self.store.patience)
        return self._calculations

    def _ensure_proposer(self) -> Proposer:
        if self._proposer is None:
            from designer.campaign.proposer import BayesianProposer

            imported = imported_records(self.store.engine)
            for limit in self.config.limits:
                if limit.property not in (*self.config.properties(), *(record.property for record in imported)):
                    raise InvalidConfig(
                        f"limit on {limit.property!r}: neither simulations nor known data tell it; add it to "
                        "simulation.properties, or `designer import` data of it into the store"
                    )
            if imported:
                sources = ", ".join(sorted({record.fidelity for record in imported}))
                self._listener.note(f"known data: {len({r.key for r in imported})} polymers ({sources})")
            known = KnownData(self.store.engine)
            self._proposer = BayesianProposer(
                self.config, note=self._listener.note, imported=imported, reread=known.changed
            )
        return self._proposer
