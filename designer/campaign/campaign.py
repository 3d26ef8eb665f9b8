"""The campaign, the only mutable object of the package."""

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
from designer.campaign.planned import check_plan
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
"""Time in s that a running campaign waits for a store that is locked, full or unreachable."""


class Campaign:
    """Designs polymers until a stopping criterion is reached; an interrupted campaign resumes.

    Args:
        config: Configuration.
        listener: Shows the progress; by default a live view on a terminal and in a notebook, nothing elsewhere. Pass `SilentListener()` to
            show nothing.
        proposer: Chooses candidates; the language model with its surrogates by default.
        start_cluster: Starts the cluster; by default that of the section `cluster` of the configuration.
        store: Its store, if it is already open.

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
            DesignerError: The file is missing or breaks a rule.
        """
        return cls(load_config(path), listener=listener)

    @property
    def store(self) -> CampaignStore:
        """Return the campaign's store, opened or created.

        Raises:
            DesignerError: The address holds something else, or the stored campaign has another identity.
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
        """Close the store, which is reopened on demand; for the return value see `designer.store.engine.close_engine`."""
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
        """Return name, objectives and counts, without creating a store."""
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

    def _is_missing(self) -> bool:
        """Return whether the file of the store is known not to exist; errors in its path are reported when it is opened."""
        path = self.config.store_url().path
        try:
            return self._opened is None and path is not None and not path.exists()
        except OSError:
            return False

    def pareto_front(self) -> "FrontTable":
        """Return the non-dominated evaluations, with all measured properties and standard errors."""
        return front_frame(self.store.evaluations("done"), self.objectives, self.config.limit_list())

    def finished_reason(self) -> str | None:
        """Return which stopping criterion has been reached, or None; a store that does not exist is not created."""
        if self._is_missing():
            return None
        counts, elapsed = self.store.counts(), self.store.campaign().elapsed_s
        still, fixed = counts["proposed"] + counts["running"], FixedList.of(self.config)
        left = None if still or fixed is None else fixed.left(ledger_of(self.store, self.config))
        tally = Tally(counts["done"] + counts["failed"], still, elapsed, left)
        return stop_reason(self.config.stop, tally)

    def outside_fidelity(self) -> str:
        """Return the default fidelity of measurements made outside."""
        return self.config.fidelity() if self.config.measured_outside else "experiment"

    def ask(self, n: int = 1, *, days: float = 30.0, fidelity: str | None = None) -> list[EvaluationRecord]:
        """Reserve up to `n` candidates for measurements made outside, chosen like those that are simulated.

        Args:
            n: Number of candidates.
            days: Duration of the reservation in days.
            fidelity: Fidelity of the measurements; `experiment` by default.

        Raises:
            CampaignFailed: A stopping criterion is reached, or no candidate is left.
            StoreReadOnly: The store is read-only.
        """
        # A read-only store is reported before the corpus and the surrogates are prepared.
        self.store.check_writable()
        fidelity = self.outside_fidelity() if fidelity is None else fidelity
        return ask(self.store, self.config, self._ensure_proposer(), n, fidelity=fidelity, days=days)

    def release(self, records: Iterable[EvaluationRecord]) -> None:
        """Release candidates reserved by `ask` that will not be measured."""
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
        """Import known data into the campaign's store, as `designer import` does; the surrogates are trained on them.

        Args:
            data: A table (CSV, .xlsx, Parquet) or a pandas DataFrame.
            fidelity: Source of the data, such as `md-gaff2` or `experiment`.
            columns: Content of columns, such as `Cp=heat_capacity_cp:J/kg/K`; columns with the names of properties are recognised.
            smiles: Column of the structures; `psmiles` or `smiles` by default.
            replace: Whether to remove earlier content of this file.

        Returns:
            The table that was read; `told` lists the rows and cells that could not be used.

        Raises:
            InvalidRequest: It is not such a table, or no row can be used.
            ImportConflict: The file was imported before with other content.
        """
        from designer.data import parse_columns, read_table, records_of
        from designer.store.imported import add_imported

        table = read_table(Path(data) if isinstance(data, str) else data, parse_columns(columns), smiles)
        records = records_of(table, fidelity)
        if not records:
            first = f"; {why}" if (why := table.why_empty()) else ""
            raise InvalidRequest(f"{table.path}: no row has a usable value{first}")
        source = table.path.name if isinstance(data, str | Path) else f"DataFrame {table.digest[:12]}"
        add_imported(self.store.engine, records, source=source, digest=table.digest, replace=replace)
        if self._own_proposer:
            # An earlier proposer does not know the new data.
            self._proposer = None
        return table

    def tell(
        self,
        rows: "Iterable[tuple[int, Mapping[str, Any]]] | pd.DataFrame | Path | str",
        *,
        fidelity: str | None = None,
        replace: bool = False,
    ) -> "Told":
        """Record results measured outside.

        Args:
            rows: Line number and cells of each row: `candidate` or `psmiles`, `property`, `value`, `stderr`, `unit`; or a
                DataFrame with these columns, or the path of a table or JSON file of them.
            fidelity: Fidelity of rows that do not specify one; `experiment` by default.
            replace: Whether results replace recorded ones, which are kept on record.

        Returns:
            What was recorded, or which rows were rejected and why; then nothing was recorded. Rows that are recorded already are left
            unchanged.
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
        """Correct an imported, recorded or simulated value; the old one stays on record with author, time and reason.

        Args:
            name: Registry name.
            value: New value, None to correct the standard error only.
            stderr: New standard error, None to keep the recorded one.
            reason: Reason for the record.
            polymer: Repeat unit.
            evaluation: Number of an evaluation.
            unit: Unit of both; that of the registry by default.
            fidelity: Fidelity of the value.
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
        """Withdraw a measurement, an evaluation or an imported file, which stays on record with author, time and reason.

        Args:
            reason: Reason for the record.
            polymer: Repeat unit.
            evaluation: Number of an evaluation.
            name: Registry name, to withdraw one property only.
            fidelity: Fidelity of the value.
            source: Name of an imported file.
            line: Line of that file.
            again: Whether to repeat the simulation with another seed, or to make the polymer available to `ask` again.
            everything: Whether to withdraw all matching results if there are several.

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
        """Start or resume the campaign and run it until a stopping criterion is reached.

        Returns:
            The stopping criterion that was reached.

        Raises:
            CampaignBusy: Another process runs it.
            CampaignFailed: It cannot continue; all results are in the store.
            InvalidConfig: A property cannot be measured in such simulations, or of a substance that the campaign lists.
            OpticsUnavailable: DFT is requested and PySCF is not installed.
            Interrupted: SIGINT or SIGTERM was received; `run` resumes.
        """
        if getattr(multiprocessing.process.current_process(), "_inheriting", False):
            raise CampaignFailed(
                'run() was called while a worker process imported your script; put the call under `if __name__ == "__main__":`'
            )
        try:
            return self._run()
        finally:
            # In any case, the file of an SQLite store is complete afterwards. The engine reconnects on demand.
            if self._opened is not None:
                close_engine(self._opened.engine)

    def _run(self) -> str:
        if reason := self.finished_reason():
            self._mark_finished(reason)
            return reason
        if self.config.optics.kind == "dft":
            require_pyscf()
        check_plan(self.config)
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
        cluster: Cluster = self.config.cluster.start(self.config.campaign_folder)
        return cluster

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
        """Return the keeper of calculations that run in parallel with the dynamics."""
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
                        f"limit on {limit.property!r}: it is neither simulated nor in the known data; add it to "
                        "simulation.properties, or import data with `designer import`"
                    )
            if imported:
                sources = ", ".join(sorted({record.fidelity for record in imported}))
                self._listener.note(f"known data: {len({r.key for r in imported})} polymers ({sources})")
            known = KnownData(self.store.engine)
            self._proposer = BayesianProposer(
                self.config, note=self._listener.note, imported=imported, reread=known.changed
            )
        return self._proposer
