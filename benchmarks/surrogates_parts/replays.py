"""Replay of the published search: 1,067 polymers, 20 of them on the front of heat capacity and refractive index."""

import sys

import numpy as np

from benchmarks.common import figure
from benchmarks.surrogates_parts.data import OBJECTIVES, peer_descriptors, peer_features, replay_oracle
from designer.backtest import Plan, run_plan
from surrogates import AcquisitionSettings, SurrogateSettings
from surrogates.features import FeatureLookup, shared_featuriser
from surrogates.replay import Replay, Strategy

OURS = "default"
PEER = "spacier-like"
GOAL = {"at_most": 150.0}


def run(quick: bool, options) -> dict[str, dict]:
    """Every strategy from the published seeds and from ten random polymers; finished replays are kept and taken up again."""
    oracle, known = replay_oracle()
    units = (*oracle.units, *known.units)
    own = FeatureLookup.of(units, shared_featuriser(SurrogateSettings())(units))
    theirs = FeatureLookup.of(units, peer_features(units, peer_descriptors()))
    # As in the peer's code, the front is that of the measured values, an uncertainty holds the noise, and the reference lies far off.
    rbf = SurrogateSettings(features="descriptors", radial="rbf", trend=False, residual="peculiar")
    # Fewer samples and a shorter first list than the defaults cost less and change little; both get the same.
    cheap = {"samples": 16, "shortlist": 128}
    strategies = (
        Strategy(OURS, acquisition=AcquisitionSettings(**cheap), featurise=own),
        Strategy(PEER, rbf, AcquisitionSettings(method="expected", reference="worst", **cheap), theirs),
        Strategy("random", acquisition=AcquisitionSettings(method="random"), featurise=own),
    )
    figures: dict[str, dict] = {}
    seeds = (0,) if quick else tuple(range(options.seeds))
    for start in ("random",) if quick else ("fluoro", "random"):
        plan = Plan(oracle, OBJECTIVES, (), strategies, seeds, 200, 10, 10, known=known if start == "fluoro" else None)
        replays = run_plan(plan, options.state / f"replays-{start}", options.workers, _tell)
        figures |= _figures(replays, start)
    return figures


def _tell(replay: Replay, done: int, total: int) -> None:
    found = f"{replay.front_found[100]} at 100, {replay.front_found[-1]} at 200, 19 at {replay.evaluations_to(19)}"
    print(f"{done}/{total} {replay.strategy} {replay.seed}: {found}", file=sys.stderr, flush=True)


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
            figures[f"{key}: evaluations to 19 of 20, median"] = figure(float(np.median(reached)), "1", goal, peer=200)
        for at in (50, 100, 150, 200):
            figures[f"{key}: found after {at}, median"] = figure(
                float(np.median([r.front_found[at] for r in runs])), "1", None, peer=peer.get(at)
            )
        figures[f"{key}: hypervolume area, median"] = figure(areas[name], "1", None, peer=areas[PEER])
        figures[f"{key}: seeds"] = figure(len(runs), "1")
    return figures
