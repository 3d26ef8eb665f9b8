"""Progress as a live view on a terminal."""

import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from designer.console import VisibleConsole
from designer.store.records import EvaluationRecord
from designer.text import duration, outcome_texts, shortened, with_error
from mdcore.measure import Progress
from surrogates import Objective

MAX_FRONT_ROWS = 8


class LiveListener:
    """Shows the running simulations and the front below a scrolling list of finished ones.

    Args:
        console: Console to draw on; standard error by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or VisibleConsole(stderr=True)
        self._live: Live | None = None
        self._objectives: tuple[Objective, ...] = ()
        self._wanted: int | None = None
        self._running: dict[int, tuple[EvaluationRecord, Progress | None]] = {}
        self._front: tuple[EvaluationRecord, ...] = ()
        self._finished = 0
        self._begun = time.monotonic()

    def begin(self, name: str, objectives: Sequence[Objective], wanted: int | None) -> None:
        """Show that a campaign starts or resumes."""
        self._objectives, self._wanted, self._begun = tuple(objectives), wanted, time.monotonic()
        aims = ", ".join(f"{o.direction} {o.property}" for o in objectives)
        self._print(Text.assemble(("campaign ", "bold"), (name, "bold cyan"), f": {aims}"))
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start()

    def note(self, text: str) -> None:
        """Show one line."""
        self._print(Text(text, style="dim"))

    def submitted(self, record: EvaluationRecord) -> None:
        """Show a submitted simulation."""
        self._running[record.id] = (record, None)

    def progressed(self, record: EvaluationRecord, progress: Progress) -> None:
        """Show the progress of a simulation."""
        self._running[record.id] = (record, progress)

    def finished(self, record: EvaluationRecord, front: Sequence[EvaluationRecord]) -> None:
        """Show the outcome and the front."""
        self._running.pop(record.id, None)
        self._finished += 1
        self._front = tuple(front)
        label = Text.assemble((f"#{record.ordinal:<4}", "bold"), f" {shortened(record.psmiles, 44):44} ")
        if record.failure:
            label.append(f"✗ {record.failure.kind}: {record.failure.message}", "red")
        else:
            label.append("✓ ", "green")
            label.append(", ".join(outcome_texts(record.measurements, record.not_determined)))
            label.append(f"  {duration(record.wall_s)}", "dim")
        self._print(label)

    def end(self) -> None:
        """Remove the live view."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _draw(self) -> Group:
        running = Table.grid(padding=(0, 1))
        for record, progress in list(self._running.values()):
            fraction = progress.fraction if progress else 0.0
            running.add_row(
                Text(f"#{record.ordinal}", style="bold"),
                Text(shortened(record.psmiles, 40)),
                Text(progress.stage if progress else "waiting", style="cyan"),
                ProgressBar(total=1.0, completed=fraction, width=20),
                Text(f"{100 * fraction:3.0f} %"),
                Text(_pace(progress), style="dim"),
            )
        wanted = f" of {self._wanted}" if self._wanted else ""
        state = Text(f"{self._finished} finished now{wanted}, {len(self._running)} running, ", style="dim")
        state.append(duration(time.monotonic() - self._begun))
        return Group(running, *([self._front_table()] if self._front else []), state)

    def _front_table(self) -> Table:
        table = Table(title="Pareto front", title_justify="left", box=None, padding=(0, 1))
        table.add_column("", justify="right")
        table.add_column("structure")
        for objective in self._objectives:
            table.add_column(objective.property, justify="right")
        for record in self._front[:MAX_FRONT_ROWS]:
            values = [record.measured(o.property) for o in self._objectives]
            cells = [with_error(m.value, m.stderr) if m else "" for m in values]
            table.add_row(f"#{record.ordinal}", Text(shortened(record.psmiles, 44)), *cells)
        return table


def _pace(progress: Progress | None) -> str:
    if progress is None:
        return ""
    parts = [f"{progress.ns_per_day:.0f} ns/day"] if progress.ns_per_day else []
    if progress.remaining_s is not None:
        parts.append(f"{duration(progress.remaining_s)} left")
    return ", ".join(parts)
