"""Replay of the published search: 1,067 polymers, 20 of them on the front of heat capacity and refractive index."""

import sys

import numpy as np

from benchmarks.active_learning_parts.data import OBJECTIVES, replay_oracle
from benchmarks.active_learning_parts.spacier import search
from benchmarks.common import figure
from designer.backtest import Plan, run_plan
from surrogates import AcquisitionSettings, Observations, SurrogateSettings, fit_surrogates
from surrogates.acquisition.expectation import log_front_probability
from surrogates.boxes import boxes_of
from surrogates.features import FeatureLookup, shared_featuriser
from surrogates.pareto import non_dominated
from surrogates.replay import Oracle, Replay, Strategy
from surrogates.validation import leave_one_out

OURS = "default"
PEER = "spacier-like"
GOAL = {"at_most": 150.0}


def run(quick: bool, options) -> dict[str, dict]:
    """Run every strategy from the published seeds and from ten random polymers; finished replays are stored and reused."""
    oracle, known = replay_oracle()
    units = (*oracle.units, *known.units)
    own = FeatureLookup.of(units, shared_featuriser(SurrogateSettings())(units))
    strategies = (
        # The default method, with fewer samples and a shorter first list, which changes little and costs less.
        Strategy(OURS, acquisition=AcquisitionSettings(samples=16, shortlist=128), featurise=own),
        Strategy("random", acquisition=AcquisitionSettings(method="random"), featurise=own),
    )
    figures: dict[str, dict] = {
        "rank of the 19th front point where all other polymers are known": figure(_rank_knowing_all(oracle, own), "1")
    }
    seeds = (0,) if quick else tuple(range(options.seeds))
    for start in ("random",) if quick else ("fluoro", "random"):
        begin = known if start == "fluoro" else None
        plan = Plan(oracle, OBJECTIVES, (), strategies, seeds, 200, 10, 10, known=begin)
        replays = run_plan(plan, options.state / f"replays-{start}", options.workers, _tell)
        # From fixed seeds, the peer's search is deterministic.
        for seed in seeds if begin is None else seeds[:1]:
            replays.append(search(oracle, OBJECTIVES, begin, seed, 200, 10))
            _tell(replays[-1], seed + 1, len(seeds))
        figures |= _figures(replays, start)
    return figures


def _rank_knowing_all(oracle: Oracle, featurise: FeatureLookup) -> int:
    """Return the rank of the 19th front point, with polymers sorted by their probability of being on the front.

    Each polymer is predicted from all others. The rank is a lower bound for the expected evaluations of a search with this model
    that starts from a few polymers.
    """
    points = oracle.points(OBJECTIVES)
    fine = np.flatnonzero(~np.isnan(points).any(axis=1))
    points = points[fine]
    seen = Observations(
        tuple(oracle.units[i] for i in fine), {o.property: points[:, j] for j, o in enumerate(OBJECTIVES)}
    )
    surrogates = fit_surrogates(seen, [o.property for o in OBJECTIVES], featurise=featurise)
    left_out = [leave_one_out(surrogates, o.property) for o in OBJECTIVES]
    mean, sd = np.column_stack([v.mean for v in left_out]), np.column_stack([v.sd for v in left_out])
    front = np.flatnonzero(non_dominated(points))
    chance = np.empty(len(points))
    for i in range(len(points)):
        lower, upper = boxes_of(points[front[front != i]], points.min(axis=0) - 1.0)
        chance[i] = log_front_probability(mean[None, i : i + 1], sd[i : i + 1], lower[None], upper[None])[0]
    ranks = np.argsort(np.argsort(-chance, kind="stable"))
    return int(np.sort(ranks[front])[18]) + 1


def _tell(replay: Replay, done: int, total: int) -> None:
    found = f"{replay.front_found[100]} at 100, {replay.front_found[-1]} at 200, 19 at {replay.evaluations_to(19)}"
    print(f"{done}/{total} {replay.strategy} {replay.seed}: {found}", file=sys.stderr, flush=True)


def _median_of(runs: list[Replay]) -> float | None:
    """Return the median evaluations to 19, None if most runs do not reach it."""
    middle = float(np.median([r.evaluations_to(19) or np.inf for r in runs]))
    return middle if np.isfinite(middle) else None


def _figures(replays: list[Replay], start: str) -> dict[str, dict]:
    figures = {}
    by_name: dict[str, list[Replay]] = {}
    for replay in replays:
        by_name.setdefault(replay.strategy, []).append(replay)
    areas = {name: float(np.median([r.area_under_volume for r in runs])) for name, runs in by_name.items()}
    peer = {at: float(np.median([r.front_found[at] for r in by_name[PEER]])) for at in (100, 200)}
    for name, runs in by_name.items():
        key = f"{name} from {start}"
        reached = np.array([r.evaluations_to(19) or np.inf for r in runs])
        goal = GOAL if name == OURS else None
        for share in (0.1, 0.9):
            value = float(np.quantile(reached, share, method="nearest"))
            if np.isfinite(value):
                figures[f"{key}: evaluations to 19 of 20, {100 * share:g} %"] = figure(value, "1")
        if np.isfinite(np.median(reached)):
            figures[f"{key}: evaluations to 19 of 20, median"] = figure(
                float(np.median(reached)), "1", goal, peer=_median_of(by_name[PEER])
            )
        for at in (50, 100, 150, 200):
            figures[f"{key}: found after {at}, median"] = figure(
                float(np.median([r.front_found[at] for r in runs])), "1", None, peer=peer.get(at)
            )
        figures[f"{key}: hypervolume area, median"] = figure(areas[name], "1", None, peer=areas[PEER])
        figures[f"{key}: seeds"] = figure(len(runs), "1")
    return figures
