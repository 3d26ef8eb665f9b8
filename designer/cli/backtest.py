"""`designer backtest`."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TextIO

import numpy as np
import typer

from designer.backtest import BASELINES, Plan, Summary, oracle_of, run_plan, strategies_of, summarise
from designer.backtest.oracle import OracleReport
from designer.backtest.strategies import named_strategies
from designer.backtest.summary import SHARES
from designer.cli.checks import at_least
from designer.cli.fitting import observations_from
from designer.cli.options import CampaignFile, Columns, Json, Sentinels, Smiles
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.config import CampaignConfig, load_config
from designer.data import parse_columns, read_table
from designer.data.table import SENTINELS
from designer.errors import InvalidRequest
from designer.text import duration
from generators.cells import TableWriter
from mdcore.chem import RepeatUnit
from mdcore.chem.files import replacing_text
from surrogates import Observations
from surrogates.replay import Oracle, Replay

EVALUATIONS = 200
"""Default number of evaluations of a replay."""


def backtest_command(
    config: CampaignFile,
    oracle: Annotated[Path, typer.Option(help="Table (CSV, .xlsx, Parquet) of known values in place of simulations.")],
    seeds: Annotated[int, typer.Option(help="Number of replays of each strategy, with different random starts.")] = 20,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            help="campaign, ehvi-rbf, an acquisition method, or another YAML file; may be repeated.",
        ),
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Number of evaluations of each replay; by default that of the file.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Batch size: number of polymers chosen at a time.")] = 10,
    start: Annotated[
        int | None, typer.Option(help="Number of random polymers known at the start; by default that of the file.")
    ] = None,
    known: Annotated[
        Path | None, typer.Option(help="Table of polymers known at the start, in place of random ones.")
    ] = None,
    columns: Columns = None,
    smiles: Smiles = None,
    sentinels: Sentinels = None,
    first_seed: Annotated[int, typer.Option(help="Seed of the first replay.")] = 0,
    workers: Annotated[int, typer.Option(help="Number of processes; by default the number of cores.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for curves and plots; by default backtest in the campaign's folder.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Repeat replays that are already in the folder.")] = False,
    as_json: Json = False,
) -> int:
    """Replay a campaign on known data and compare with baselines.

    Estimates the number of evaluations that the campaign needs, before any simulation.
    """
    workers, failed = workers or os.cpu_count() or 1, sentinels or SENTINELS
    with answer_stream() as stream:
        for option, value in (("--seeds", seeds), ("--batch", batch), ("--workers", workers)):
            at_least(option, value, 1)
        at_least("--first-seed", first_seed, 0)
        campaign = load_config(config, answered=True)
        folder = out or campaign.campaign_folder / "backtest"
        if folder.exists() and not folder.is_dir():
            raise InvalidRequest(f"--out {str(folder)!r} is a file; give a folder")
        named_strategies(strategies or BASELINES, campaign)
        maps = parse_columns(columns or [])
        names = list(
            dict.fromkeys([*(o.property for o in campaign.objectives), *(limit.property for limit in campaign.limits)])
        )
        table = read_table(oracle, maps, smiles, failed)
        for doubt in table.unusual:
            _tell(doubt)
        pool, report = oracle_of(table, names)
        before = observations_from(read_table(known, maps, smiles, failed), names) if known else None
        pool = _without(pool, before)
        plan = Plan(
            oracle=pool,
            objectives=campaign.objective_list(),
            constraints=campaign.limit_list(),
            strategies=(),
            seeds=tuple(range(first_seed, first_seed + seeds)),
            evaluations=_evaluations(campaign, evaluations, start, len(pool.units)),
            batch=batch,
            start=_start(campaign, start),
            known=before,
        )
        _check(plan, oracle)
        _tell(f"features of {count(len(pool.units), 'polymer')}")
        units = (*pool.units, *(before.units if before else ()))
        plan = Plan(**{**vars(plan), "strategies": strategies_of(strategies or BASELINES, campaign, units)})
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            for path in (folder / "replays").glob("*.json"):
                path.unlink()
        begun = time.monotonic()

        def progress(replay: Replay, done: int, total: int) -> None:
            left = (time.monotonic() - begun) / done * (total - done)
            _tell(f"{done} of {total} replays, {replay.strategy} seed {replay.seed}; about {duration(left)} left")

        replays = run_plan(plan, folder / "replays", workers, progress)
        summary = summarise(plan, replays)
        document = _document(plan, summary, report, campaign, oracle, folder)
        _write_files(plan, summary, replays, document, folder)
        if as_json:
            write_json(stream, document)
        else:
            _print(stream, plan, summary, report, folder)
    return 0


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _without(oracle: Oracle, known: Observations | None) -> Oracle:
    """Remove polymers known at the start from the pool, since they are never chosen."""
    if known is None:
        return oracle
    keys = {unit.key for unit in known.units}
    kept = np.array([unit.key not in keys for unit in oracle.units], dtype=bool)
    return Oracle(
        tuple(unit for unit, keep in zip(oracle.units, kept, strict=True) if keep),
        {name: np.asarray(column)[kept] for name, column in oracle.values.items()},
        {name: np.asarray(column)[kept] for name, column in oracle.stderrs.items()},
    )


def _start(config: CampaignConfig, start: int | None) -> int:
    if start is not None:
        return at_least("--start", start, 1)
    return config.initial.evaluations


def _evaluations(config: CampaignConfig, wanted: int | None, start: int | None, pool: int) -> int:
    if wanted is not None:
        return at_least("--evaluations", wanted, 1)
    first = _start(config, start)
    return max(1, min((config.stop.evaluations or EVALUATIONS + first) - first, pool - first))


def _check(plan: Plan, path: Path) -> None:
    pool = len(plan.oracle.units)
    needed = (0 if plan.known is not None else plan.start) + 1
    if pool < needed:
        raise InvalidRequest(
            f"{path} has values for {count(pool, 'polymer')}, and at least {needed} are needed; lower --start"
        )
    if np.isnan(plan.oracle.points(plan.objectives, plan.constraints)).all():
        raise InvalidRequest(f"{path}: no polymer with all objectives is within the limits; widen the limits")


def _document(
    plan: Plan, summary: Summary, report: OracleReport, config: CampaignConfig, path: Path, folder: Path
) -> dict[str, object]:
    return {
        "campaign": config.name,
        "oracle": {"file": str(path), **asdict(report)},
        "objectives": [o.model_dump(mode="json", exclude_none=True) for o in config.objectives],
        "evaluations": plan.evaluations,
        "batch": plan.batch,
        "start": {"known": len(plan.known)} if plan.known is not None else {"random": plan.start},
        "seeds": list(plan.seeds),
        "front": summary.front,
        "front_goal": summary.front_goal,
        "strategies": {
            s.name: {
                "seeds": s.seeds,
                "hypervolume_area": s.area,
                "evaluations_to_hypervolume": {f"{share:g}": n for share, n in zip(SHARES, s.to_share, strict=True)},
                "evaluations_to_front_goal": s.to_front,
                "front_found": s.front_found,
            }
            for s in summary.strategies
        },
        "folder": str(folder),
    }


def _write_files(
    plan: Plan, summary: Summary, replays: Sequence[Replay], document: dict[str, object], folder: Path
) -> None:
    from designer.backtest.figures import draw_curves

    with replacing_text(folder / "curves.csv", newline="") as stream:
        table = TableWriter(stream)
        table.row(["strategy", "quantity", "evaluation", "median", "p10", "p90"])
        for strategy in summary.strategies:
            for curve in strategy.curves:
                for i, row in enumerate(zip(curve.median, curve.low, curve.high, strict=True)):
                    table.row([strategy.name, curve.quantity, i, *(_cell(value) for value in row)])
    with replacing_text(folder / "choices.csv", newline="") as stream:
        table = TableWriter(stream)
        names = [o.property for o in plan.objectives]
        table.row(["strategy", "seed", "evaluation", "psmiles", *names, "hypervolume", "front_found"])
        for replay in replays:
            for i, row in enumerate(replay.order, start=1):
                values = [_cell(plan.oracle.values[name][row]) for name in names]
                unit: RepeatUnit = plan.oracle.units[row]
                table.row(
                    [
                        replay.strategy,
                        replay.seed,
                        i,
                        unit.psmiles,
                        *values,
                        _cell(replay.volume[i]),
                        replay.front_found[i],
                    ]
                )
    with replacing_text(folder / "backtest.json") as stream:
        write_json(stream, document)
    draw_curves(plan, summary, folder)


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.8g}"


def _print(stream: TextIO, plan: Plan, summary: Summary, report: OracleReport, folder: Path) -> None:
    from rich.table import Table

    from designer.console import VisibleConsole

    left_out = f", {report.unanswered + report.bad} rows left out" if report.unanswered + report.bad else ""
    stream.write(
        f"{count(report.polymers, 'polymer')} ({report.failures} of them fail{left_out}), front of {summary.front}; "
        f"{count(len(plan.seeds), 'seed')} of {plan.evaluations} evaluations in batches of {plan.batch}\n\n"
    )
    table = Table(title="Median over the seeds", title_justify="left", title_style="bold")
    table.add_column("strategy")
    table.add_column("hypervolume area", justify="right")
    for share in SHARES:
        table.add_column(f"evaluations\nto {100 * share:g} %", justify="right")
    table.add_column(f"to {summary.front_goal} of {summary.front}\nfront points", justify="right")
    table.add_column("front points\nat the end", justify="right")
    for s in summary.strategies:
        cells = ["never" if n is None else f"{n:g}" for n in (*s.to_share, s.to_front)]
        table.add_row(s.name, f"{s.area:.3f}", *cells, f"{s.front_found:g}")
    VisibleConsole(file=stream, width=None if stream.isatty() else 140).print(table)
    stream.write(f"\nCurves, choices and plots: {folder}\n")
