"""Sequential Monte Carlo with likelihood tempering over the strings of a language model."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from generators.candidate import LogLikelihood
from generators.errors import NothingAccepted
from generators.language.decoding import Strings
from generators.language.model import LanguageModel
from generators.smc.moves import Move, regrow_segment, regrow_tail, respell
from generators.smc.population import Evaluator, Particles, is_hopeless
from generators.smc.run import SMCResult, temper
from generators.smc.settings import SMCSettings
from generators.synthesis.route import Route
from mdcore.chem import RepeatUnit


@final
class SMCSampler:
    """Samples pi_beta(S) proportional to p(S) L(S)^beta for beta from 0 to the settings' `sharpness`, by default 1.

    p is the language model restricted to strings that the filter accepts, L the likelihood; see `temper`. The moves regrow the end or
    a segment of a string, or change the spelling of the polymer.

    Args:
        model: Language model.
        settings: Settings.
        accepts: Filter; None accepts every string.
    """

    def __init__(
        self,
        model: LanguageModel[Any],
        settings: SMCSettings | None = None,
        accepts: Callable[[RepeatUnit], bool] | None = None,
    ) -> None:
        self.model = model
        self.name = model.name
        self.settings = settings if settings is not None else SMCSettings()
        self.accepts = accepts

    def evaluator(self, log_likelihood: LogLikelihood | None) -> Evaluator:
        """Return an evaluator of a likelihood, which several runs may share."""
        return Evaluator(log_likelihood, self.accepts)

    def run(self, evaluator: Evaluator, rng: np.random.Generator, particles: int | None = None) -> SMCResult[Strings]:
        """Sample from the prior to the target; see `temper`."""
        return temper(self, evaluator, rng, particles)

    def draw_prior(self, n: int, evaluator: Evaluator, rng: np.random.Generator) -> Particles[Strings]:
        """Draw n particles from the language model restricted to what the filter accepts."""
        parts: list[Strings] = []
        units: list[RepeatUnit] = []
        refused = 0
        while len(units) < n:
            strings = self.model.sample_strings(max(16, n - len(units)), rng)
            found = evaluator.units(self.model.spell(strings.tokens))
            rows = [i for i, unit in enumerate(found) if unit is not None][: n - len(units)]
            refused += len(found) - len(rows)
            if is_hopeless(refused, len(units) + len(rows)):
                raise NothingAccepted(
                    f"the filter rejected {refused} repeat units of {self.model.name} and accepted {len(units)}; relax it"
                )
            parts.append(strings.take(np.array(rows, dtype=np.intp)))
            units += [unit for unit in (found[i] for i in rows) if unit is not None]
        strings = Strings(np.concatenate([p.tokens for p in parts]), np.concatenate([p.log_probs for p in parts]))
        return Particles(strings, tuple(units), evaluator.values(units))

    def route(self, states: Strings, row: int) -> Route | None:
        """Return None, because a string does not define a synthesis."""
        return None

    def sweep(
        self, population: Particles[Strings], beta: float, evaluator: Evaluator, rng: np.random.Generator
    ) -> tuple[Particles[Strings], int]:
        """Move every particle once by a kernel that leaves pi_beta invariant; return the number of accepted moves."""
        n = len(population.units)
        frequencies = np.array([self.settings.tail, self.settings.segment, self.settings.respell])
        kinds = rng.choice(3, size=n, p=frequencies / frequencies.sum())
        tokens = population.states.tokens.copy()
        log_probs = population.states.log_probs.copy()
        units = list(population.units)
        values = population.log_likelihoods.copy()
        accepted = 0
        for kind in range(3):
            rows = np.flatnonzero(kinds == kind)
            if not len(rows):
                continue
            move = self._moved(kind, population.take(rows), rng)
            texts = self.model.spell(move.strings.tokens[move.possible])
            places = np.flatnonzero(move.possible).tolist()
            moved = {i: unit for i, unit in zip(places, evaluator.units(texts), strict=True) if unit is not None}
            good = np.array(list(moved), dtype=np.intp)
            new_values = evaluator.values(list(moved.values()))
            old_values = values[rows[good]]
            # At beta = 0, a zero likelihood still excludes strings.
            possible = new_values > -np.inf
            gain = np.where(possible, beta * (np.where(possible, new_values, 0.0) - old_values), -np.inf)
            log_ratio = move.log_ratio[good] + gain
            take = np.log1p(-rng.random(len(good))) < log_ratio
            for place, value in zip(good[take], new_values[take], strict=True):
                row = rows[place]
                tokens[row] = move.strings.tokens[place]
                log_probs[row] = move.strings.log_probs[place]
                units[row], values[row] = moved[int(place)], value
            accepted += int(take.sum())
        return Particles(Strings(tokens, log_probs), tuple(units), values), accepted

    def _moved(self, kind: int, population: Particles[Strings], rng: np.random.Generator) -> Move:
        if kind == 0:
            return regrow_tail(self.model, population.states, rng)
        if kind == 1:
            return regrow_segment(self.model, population.states, self.settings.max_segment, rng)
        return respell(self.model, population.states, [unit.key for unit in population.units], rng)
