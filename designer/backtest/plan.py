"""The plan of a backtest."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogates import Constraint, Objective, Observations, SurrogateSettings
from surrogates.replay import Oracle, Replay, Strategy, replay

ADDED = ("learner", "learners")
"""Settings of the surrogates that were added after the first digests of replays were stored."""


@dataclass(frozen=True)
class Plan:
    """Strategies, seeds and pool.

    Attributes:
        oracle: Pool with known values.
        objectives: Objectives.
        constraints: Limits.
        strategies: Strategies with distinct names.
        seeds: Seeds of every strategy; equal seeds start from the same random units.
        evaluations: Number of evaluations of each replay.
        batch: Batch size.
        start: Number of random units known at the start.
        known: Observations outside the pool known at the start, in place of random units.
    """

    oracle: Oracle
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    strategies: tuple[Strategy, ...]
    seeds: tuple[int, ...]
    evaluations: int
    batch: int
    start: int
    known: Observations | None = None

    def jobs(self) -> list[tuple[int, int]]:
        """Return (position of the strategy, seed) of every replay, seed by seed."""
        return [(i, seed) for seed in self.seeds for i in range(len(self.strategies))]

    def replay(self, position: int, seed: int) -> Replay:
        """Run one replay."""
        return replay(
            self.oracle,
            self.objectives,
            self.strategies[position],
            self.evaluations,
            self.batch,
            seed,
            known=self.known,
            random_start=self.start,
            constraints=self.constraints,
        )

    def digest(self, position: int) -> str:
        """Digest of everything that the replays of a strategy depend on, except seed and program version."""
        strategy = self.strategies[position]
        names = dict.fromkeys([*(o.property for o in self.objectives), *(c.property for c in self.constraints)])
        text = hashlib.sha256()
        for part in (
            [unit.key for unit in self.oracle.units],
            self.objectives,
            self.constraints,
            strategy.surrogates.model_dump_json(exclude=_unset(strategy.surrogates)),
            strategy.acquisition.model_dump_json(),
            (self.evaluations, self.batch, self.start),
            [] if self.known is None else [unit.key for unit in self.known.units],
        ):
            text.update(repr(part).encode())
        for name in names:
            text.update(np.ascontiguousarray(self.oracle.values[name]).tobytes())
            text.update(_bytes(self.oracle.stderrs.get(name)))
            text.update(_bytes(None if self.known is None else self.known.values.get(name)))
        return text.hexdigest()[:16]


def _unset(settings: SurrogateSettings) -> set[str]:
    """Return those of `ADDED` that equal their defaults; digests leave them out, so that stored replays stay valid."""
    fields = type(settings).model_fields
    return {name for name in ADDED if getattr(settings, name) == fields[name].get_default(call_default_factory=True)}


def _bytes(column: NDArray[np.float64] | None) -> bytes:
    return b"" if column is None else np.ascontiguousarray(column, dtype=np.float64).tobytes()
