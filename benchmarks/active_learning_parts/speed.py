"""Speed and memory of fits and choices, on features like those of real polymers."""

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.active_learning_parts.data import made_up, simulations, units_of
from benchmarks.common import figure
from surrogates import AcquisitionSettings, Objective, Observations, SurrogateSettings, fit_surrogates, select_batch
from surrogates.features import Featuriser
from surrogates.validation import metrics_of

NAMES = ("density", "refractive_index")


@dataclass(frozen=True)
class Stand:
    """A mock repeat unit with synthetic features."""

    key: str


class World:
    """Return mock units with two smooth properties and noise."""

    def __init__(self, n: int) -> None:
        self.table = made_up(n, 0)
        number = {f"{i}": i for i in range(n)}
        self.featurise = lambda units: self.table.take(np.array([number[u.key] for u in units], dtype=np.int64))
        self.stands = tuple(Stand(key) for key in number)
        rng = np.random.default_rng(1)
        trend = self.table.descriptors @ rng.normal(size=(self.table.descriptors.shape[1], 2)) / 7
        self.values = trend + np.sin(2 * trend[:, ::-1]) + 0.05 * rng.normal(size=trend.shape)

    def observe(self, n: int) -> Observations:
        return Observations(self.stands[:n], {name: self.values[:n, j] for j, name in enumerate(NAMES)})


def run(quick: bool, options) -> dict[str, dict]:
    sizes = (2000, 10_000) if quick else (2000, 10_000, 100_000)
    world = World(max(sizes) + 1000)
    objectives = tuple(Objective(name) for name in NAMES)
    figures = _features()
    surrogates = fit_surrogates(world.observe(500), NAMES, featurise=world.featurise)
    for size in sizes:
        clock = Clock()
        select_batch(surrogates, world.stands[500 : 500 + size], objectives, 10)
        goal = {10_000: {"at_most": 5.0}, 100_000: {"at_most": 60.0}}.get(size)
        clock.tell(figures, f"batch of 10 from {size}, 500 measured", goal)
    clock = Clock()
    sampled = AcquisitionSettings(method="improvement")
    select_batch(surrogates, world.stands[500:10_500], objectives, 10, settings=sampled)
    clock.tell(figures, "batch of 10 from 10000 by qLogNEHVI, 500 measured", {"at_most": 5.0})
    clock = Clock()
    fit_surrogates(world.observe(1000), NAMES, featurise=world.featurise)
    clock.tell(figures, "fit of 1000 points x 2", {"at_most": 20.0})
    _add(figures, "peak memory of choices", _peak(), "GiB", {"at_most": 4.0})
    return figures


def large(quick: bool, options) -> dict[str, dict]:
    """Measure a fit of more points than the exact posterior is intended for."""
    n = 2000 if quick else 10_000
    world = World(n)
    figures: dict[str, dict] = {}
    clock = Clock()
    fit_surrogates(world.observe(n), NAMES, featurise=world.featurise)
    clock.tell(figures, f"fit of {n} points x 2", {"at_most": 600.0})
    _add(figures, f"peak memory of the fit of {n} points", _peak(), "GiB", {"at_most": 4.0})
    return figures


class Clock:
    """Wall time and processor time since its creation; the latter does not depend on other programs on the machine."""

    def __init__(self) -> None:
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def tell(self, figures: dict[str, dict], name: str, goal: dict[str, float] | None) -> None:
        wall, processor = time.perf_counter() - self.wall, time.process_time() - self.processor
        _add(figures, name, wall, "s", goal)
        _add(figures, f"{name}, processor time of all cores", processor, "s")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def switch(quick: bool, options) -> dict[str, dict]:
    """Compare exact posterior and inducing points on both sides of the threshold."""
    figures: dict[str, dict] = {}
    sizes = (1000,) if quick else (2500, 5000, 7500)
    world = World(max(sizes) + 1000)
    held = world.stands[-1000:]
    for n in sizes:
        for kind, exact in (("exact", 10**6), ("inducing", 1)):
            settings = SurrogateSettings(exact_points=exact)
            begun = time.perf_counter()
            surrogates = fit_surrogates(world.observe(n), NAMES[:1], settings, featurise=world.featurise)
            fitted = time.perf_counter() - begun
            prediction = surrogates.predict(held)
            predicted = time.perf_counter() - begun - fitted
            noise = surrogates.models[0].noise_variance
            sd = np.sqrt(prediction.sd[:, 0] ** 2 + noise)
            metrics = metrics_of(world.values[-1000:, 0], prediction.mean[:, 0], sd)
            name = f"{n} points, {kind}"
            _add(figures, f"{name}: fit", fitted, "s")
            _add(figures, f"{name}: prediction of 1,000", predicted, "s")
            _add(figures, f"{name}: R2", metrics.r2, "1")
            _add(figures, f"{name}: negative log-likelihood", metrics.nll, "1")
            _add(figures, f"{name}: coverage of 95 % intervals", metrics.coverage[2], "1")
    return figures


def _features() -> dict[str, dict]:
    units = units_of(simulations().smiles)
    figures: dict[str, dict] = {}
    for features in ("both", "force-field"):
        begun = time.process_time()
        Featuriser(SurrogateSettings(features=features))(units)
        spent = time.process_time() - begun
        name = {"both": "fingerprint and descriptors", "force-field": "force-field descriptors"}[features]
        _add(figures, f"{name} of a unit, processor time", 1e3 * spent / len(units), "ms")
    return figures


def _add(figures: dict[str, dict], name: str, value: float, unit: str, goal: dict[str, float] | None = None) -> None:
    figures[name] = figure(value, unit, goal)
    print(f"{name}: {value:.4g} {unit}", file=sys.stderr, flush=True)
