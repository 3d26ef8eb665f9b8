"""Syntheses (rule, monomers, product) as particles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from generators.errors import InvalidList, NothingAccepted
from generators.language.decoding import FloatArray
from generators.smc.population import Evaluator, Particles, is_hopeless
from generators.smc.settings import SMCSettings
from generators.synthesis.library import MonomerLibrary
from generators.synthesis.route import Route
from generators.synthesis.rule import Rule
from generators.synthesis.rules import polymerisation_rules
from mdcore.chem import RepeatUnit


@dataclass(frozen=True)
class Choices:
    """n syntheses.

    Attributes:
        chosen: (n, 4) indices of rule, first and second monomer within their classes (0 if the rule has only one), and product.
        log_prob: (n,) natural log of the prior probability of each.
    """

    chosen: NDArray[np.intp]
    log_prob: FloatArray

    def take(self, rows: NDArray[np.intp], /) -> "Choices":
        """Return the selected ones."""
        return Choices(self.chosen[rows], self.log_prob[rows])


@final
class ReactionSpace:
    """Prior over syntheses: a rule, its monomers, and one of their products, each uniform.

    Each rule that has monomers is equally likely, independent of their number, to balance the classes of polymers; monomers are
    uniform within their class, and products within those of the monomers. A synthesis without a product, or with one that the filter
    rejects, is outside the prior. A move resamples either one monomer or the whole synthesis.

    Args:
        library: Monomers by class.
        settings: Settings of sequential Monte Carlo; `tail` is the frequency of resampling the whole synthesis, `segment` that of
            resampling one monomer.
        accepts: Filter; None accepts everything.

    Raises:
        InvalidList: The library has no monomers for any rule.
    """

    def __init__(
        self,
        library: MonomerLibrary,
        settings: SMCSettings | None = None,
        accepts: Callable[[RepeatUnit], bool] | None = None,
    ) -> None:
        self.library = library
        self.settings = settings if settings is not None else SMCSettings()
        self.accepts = accepts
        self.name = "reaction"
        self.rules: tuple[Rule, ...] = tuple(rule for rule in polymerisation_rules()[0] if library.size(rule) > 0)
        if not self.rules:
            raise InvalidList("no polymerisation rule applies to the monomers; give monomers of at least one class")
        self.sizes = np.array([[self._size(rule, 0), self._size(rule, 1)] for rule in self.rules])
        self._products: dict[tuple[int, int, int], tuple[str, ...]] = {}

    def _size(self, rule: Rule, place: int) -> int:
        return len(self.library.members[rule.classes[place]]) if place < len(rule.classes) else 1

    def products(self, rule: int, first: int, second: int) -> tuple[str, ...]:
        """Return the repeat units that a rule gives for two monomers."""
        where = (rule, first, second)
        if where not in self._products:
            here = self.rules[rule]
            members = [self.library.members[name][i] for name, i in zip(here.classes, (first, second), strict=False)]
            alike = len(members) == 2 and members[0][0] == members[1][0]
            self._products[where] = () if alike else here.products([mol for _, mol in members])
        return self._products[where]

    def route(self, states: Choices, row: int) -> Route:
        """Return the route of a particle."""
        rule, first, second, _ = states.chosen[row]
        here: Rule = self.rules[rule]
        monomers = (self.library.members[name][i][0] for name, i in zip(here.classes, (first, second), strict=False))
        return here.route(tuple(monomers))

    def _complete(self, chosen: NDArray[np.intp], rng: np.random.Generator) -> tuple[Choices, list[str | None]]:
        """Draw a product for each synthesis; None for a synthesis without products."""
        texts: list[str | None] = []
        counts = np.ones(len(chosen))
        for row, (rule, first, second) in enumerate(chosen[:, :3].tolist()):
            products = self.products(rule, first, second)
            if products:
                chosen[row, 3] = rng.integers(len(products))
                counts[row] = len(products)
            texts.append(products[chosen[row, 3]] if products else None)
        sizes = self.sizes[chosen[:, 0]].prod(axis=1)
        return Choices(chosen, -np.log(len(self.rules) * sizes * counts)), texts

    def _draw(self, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
        rule = rng.integers(len(self.rules), size=n)
        members = np.floor(rng.random((n, 2)) * self.sizes[rule]).astype(np.intp)
        return np.column_stack([rule, members, np.zeros(n, dtype=np.intp)])

    @staticmethod
    def _units(texts: list[str | None], evaluator: Evaluator) -> list[RepeatUnit | None]:
        known = iter(evaluator.units([text for text in texts if text is not None]))
        return [None if text is None else next(known) for text in texts]

    def draw_prior(self, n: int, evaluator: Evaluator, rng: np.random.Generator) -> Particles[Choices]:
        """Draw n particles from the prior, restricted to what the filter accepts."""
        parts: list[Choices] = []
        units: list[RepeatUnit] = []
        refused = 0
        while len(units) < n:
            states, texts = self._complete(self._draw(max(16, n - len(units)), rng), rng)
            drawn = self._units(texts, evaluator)
            rows = [i for i, unit in enumerate(drawn) if unit is not None][: n - len(units)]
            refused += len(drawn) - len(rows)
            if is_hopeless(refused, len(units) + len(rows)):
                raise NothingAccepted(
                    f"the filter rejected {refused} syntheses and accepted {len(units)}; relax it or add monomers"
                )
            parts.append(states.take(np.array(rows, dtype=np.intp)))
            units += [unit for unit in (drawn[i] for i in rows) if unit is not None]
        states = Choices(np.concatenate([p.chosen for p in parts]), np.concatenate([p.log_prob for p in parts]))
        return Particles(states, tuple(units), evaluator.values(units))

    def sweep(
        self, population: Particles[Choices], beta: float, evaluator: Evaluator, rng: np.random.Generator
    ) -> tuple[Particles[Choices], int]:
        """Move every particle once by a Metropolis-Hastings kernel.

        All distributions are uniform, so resampling from the prior (everything, or one monomer given the rest) proposes with the
        conditional probability of the prior, and the acceptance ratio contains only the likelihoods.
        """
        n = len(population.units)
        chosen = population.states.chosen.copy()
        everything, one = self.settings.tail, self.settings.segment
        anew = rng.random(n) < (everything / (everything + one) if everything + one else 1.0)
        fresh = self._draw(n, rng)
        place = np.where(self.sizes[chosen[:, 0], 1] > 1, rng.integers(2, size=n), 0)
        replaced = np.floor(rng.random(n) * self.sizes[chosen[:, 0], place]).astype(np.intp)
        chosen[np.arange(n), 1 + place] = replaced
        chosen[anew] = fresh[anew]
        states, texts = self._complete(chosen, rng)
        drawn = self._units(texts, evaluator)
        accepted = {i: unit for i, unit in enumerate(drawn) if unit is not None}
        good = np.array(list(accepted), dtype=np.intp)
        new_values = evaluator.values(list(accepted.values()))
        possible = new_values > -np.inf
        old_values = population.log_likelihoods[good]
        log_ratio = np.where(possible, beta * (np.where(possible, new_values, 0.0) - old_values), -np.inf)
        take = np.log1p(-rng.random(len(good))) < log_ratio
        rows = good[take]
        result = population.states.chosen.copy(), population.states.log_prob.copy(), population.log_likelihoods.copy()
        result[0][rows] = states.chosen[rows]
        result[1][rows] = states.log_prob[rows]
        result[2][rows] = new_values[take]
        units = list(population.units)
        for row in rows:
            units[row] = accepted[int(row)]
        return Particles(Choices(result[0], result[1]), tuple(units), result[2]), int(take.sum())
