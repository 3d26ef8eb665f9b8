import io
from dataclasses import replace

from rich.console import Console

from designer.progress.live import LiveListener
from designer.progress.plain import PlainListener
from designer.store import EvaluationRecord
from designer.text import told_in_quarters
from mdcore.chem import Failure, Measurement
from mdcore.measure import Progress
from surrogates import Objective

RUNNING = EvaluationRecord(
    id=4, ordinal=7, state="running", key="k", psmiles="*c1ccc(*)[nH]1", origin="smc", log_prior=-1.0, in_corpus=False,
    step="initial", seed=0, folder="x", acquisition=None, predicted={}, attempts=2, stage=None, fraction=None, worker=None,
    created_at=0.0, started_at=0.0, finished_at=None, wall_s=0.0, diagnostics={}, provenance={}, measurements=(), failure=None,
)  # fmt: skip
DONE = replace(
    RUNNING,
    state="done",
    wall_s=75.0,
    measurements=(Measurement("refractive_index", 1.5731, 0.0123, "1", "md-quick-2"),),
)
FAILED = replace(RUNNING, state="failed", failure=Failure("exploded", "too hot"))
OBJECTIVES = (Objective("refractive_index"),)


def test_plain_lines_tell_each_stage_and_tenth_once() -> None:
    stream = io.StringIO()
    listener = PlainListener(stream)
    listener.begin("trial", OBJECTIVES, 10)
    listener.submitted(RUNNING)
    for fraction in (0.31, 0.32, 0.39, 0.41):
        listener.progressed(RUNNING, Progress("melt", fraction, 0.5))
    listener.progressed(RUNNING, Progress("cool", 0.42, 0.0))
    listener.finished(DONE, [DONE])
    listener.finished(FAILED, [])
    listener.end()
    lines = [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()]
    assert lines == [
        "campaign trial: maximise refractive_index",
        "#7 *c1ccc(*)[nH]1 submitted (smc, attempt 2)",
        "#7 melt 31 %",
        "#7 melt 41 %",
        "#7 cool 42 %",
        "#7 *c1ccc(*)[nH]1 done in 1 min 15 s: n_D 1.573 ± 0.012",
        "front: #7",
        "#7 *c1ccc(*)[nH]1 failed (exploded): too hot",
    ]


def test_the_live_view_shows_structures_stages_and_front() -> None:
    # [nH] looks like markup; it must be shown as it is.
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    listener = LiveListener(console)
    listener.begin("trial", OBJECTIVES, 10)
    listener.finished(DONE, [DONE])
    listener.submitted(RUNNING)
    listener.progressed(RUNNING, Progress("melt", 0.31, 0.5, 120.0, 200.0))
    with console.capture() as capture:
        console.print(listener._draw())
    listener.end()
    shown = capture.get()
    for fragment in (
        "#7",
        "*c1ccc(*)[nH]1",
        "melt",
        "31 %",
        "120 ns/day",
        "3 min 20 s left",
        "1.573 ± 0.012",
        "1 finished now of 10",
    ):
        assert fragment in shown
    assert "n_D 1.573 ± 0.012" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_long_preparation_is_told_in_quarters_and_a_short_one_not() -> None:
    told: list[str] = []
    progress = told_in_quarters("building", told.append)
    for step in range(101):
        progress(step / 100)
    assert told == ["building: 25 %", "building: 50 %", "building: 75 %", "building: 100 %"]
    told.clear()
    told_in_quarters("building", told.append)(1.0)
    assert told == []
