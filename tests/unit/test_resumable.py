"""The series of simulations of the benchmarks."""

from argparse import Namespace
from pathlib import Path

from benchmarks.resumable import gather, has_runs, result_name, run_all


def measure(task: tuple[str, float]) -> dict[str, object]:
    name, seconds = task
    return {"id": name, "s": seconds}


def rows(tasks: list[tuple[str, float]], minutes: float, finished: set[str]) -> list[str]:
    found = run_all(
        tasks,
        measure,
        jobs=1,
        minutes=minutes,
        is_finished=lambda task: task[0] in finished,
        seconds_of=lambda row: row["s"],  # type: ignore[return-value, arg-type]
    )
    return [str(row["id"]) for row in found]


def test_what_would_end_after_the_limit_is_not_started_and_what_is_finished_is_read(tmp_path: Path) -> None:
    tasks = [("short", 10.0), ("long", 1e4), ("late", 1e4), ("later", 1e4), ("known", 1e4)]
    # The median of 10 s and 10,000 s exceeds two minutes.
    assert rows(tasks, 2.0, {"known"}) == ["short", "long", "known"]
    assert rows(tasks, 0.0, {"known"}) == ["known"]
    assert rows([], 1.0, set()) == []


def test_names_of_results() -> None:
    assert result_name("b", "quick") == "b"
    assert result_name("b", "quick_openff-2.3.0") == "b_quick_openff-2.3.0"


def test_a_folder_that_another_benchmark_has_used_does_not_hold_every_run(tmp_path: Path) -> None:
    for place in ("runs/heat_capacity/run/run.json", "result.json", "runs/heat_flow/run/checkpoint.npz"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    assert has_runs(tmp_path, "heat_capacity")
    assert not has_runs(tmp_path, "heat_flow")
    assert not has_runs(tmp_path, "heat_capacity", "heat_flow")
    assert not has_runs(tmp_path, "heat_capacity", replicates=2)


def test_kept_rows_are_replaced_by_finished_and_named_simulations_only() -> None:
    def found(only: list[str], finished: set[str]) -> dict[str, object]:
        rows = gather(
            [("a", 1.0), ("b", 1.0), ("c", 1.0)],
            measure,
            name_of=lambda task: task[0],
            kept=[{"id": "a", "s": "kept"}, {"id": "b", "s": "kept"}],
            options=Namespace(only=only, jobs=1),
            minutes=2.0,
            is_finished=lambda task: task[0] in finished,
            seconds_of=lambda row: row["s"],
        )
        return {name: row["s"] for name, row in rows.items()}

    assert found([], set()) == {"a": "kept", "b": "kept", "c": 1.0}
    assert found([], {"a"}) == {"a": 1.0, "b": "kept", "c": 1.0}
    assert found(["b"], set()) == {"a": "kept", "b": 1.0}
