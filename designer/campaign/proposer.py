"""The default proposer: generator, surrogates and acquisition."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from designer.analysis.front import front_records, measured_values
from designer.campaign.candidates import diverse_part, with_route
from designer.campaign.likelihood import improving, region_likelihood, within_limits
from designer.campaign.listed import AnyCandidate, drawn, listed_candidates
from designer.campaign.observations import informative, observations_of
from designer.campaign.proposal import Proposal
from designer.config.campaign import CampaignConfig
from designer.config.generators import PoolSettings
from designer.config.sections import CorpusInitial, ListInitial
from designer.store.imported import ImportedRecord
from designer.store.knowledge import is_own
from designer.store.records import OPEN, EvaluationRecord, PredictedValue
from designer.store.substances import composition_of_record
from designer.text import told_in_quarters
from generators import Candidate
from mdcore.chem import Composition, RepeatUnit, rng_for, seed_sequence

if TYPE_CHECKING:
    from generators import Corpus, Generator, LogLikelihood
    from surrogates import Observations, SurrogateSet


class BayesianProposer:
    """Proposes candidates from all data of the campaign.

    Every draw derives from the campaign's seed and from the set of finished evaluations, so that the proposals
    do not depend on the order of arrival.

    Args:
        config: The campaign.
        note: Called with a line of text before lengthy work.
        imported: Known data; those of other fidelities help through the coupling that the surrogates learn.
        reread: Returns known data that have changed since the last choice, or None.
    """

    def __init__(
        self,
        config: CampaignConfig,
        note: Callable[[str], None] = lambda text: None,
        imported: Sequence[ImportedRecord] = (),
        reread: Callable[[], Sequence[ImportedRecord] | None] = lambda: None,
    ) -> None:
        self._config = config
        self._note = note
        self._imported = self._modelled(imported)
        self._fidelity = config.fidelity()
        self._objectives = config.objective_list()
        self._learnt_from = -1
        self._learnt: dict[int, int | None] = {}
        self._reread = reread
        self._surrogates: SurrogateSet | None = None
        self._pool: Sequence[AnyCandidate] = ()

    @cached_property
    def _corpus(self) -> "Corpus":
        from generators import load_corpus

        corpus = load_corpus(self._config.corpus, progress=told_in_quarters("building the corpus", self._note))
        self._note(f"corpus: {len(corpus)} repeat units")
        return corpus

    @cached_property
    def _list(self) -> list[AnyCandidate] | None:
        """Candidates of a campaign with a fixed list; None if a generator proposes them."""
        return listed_candidates(self._config.generator.listed(), "list") or None

    @cached_property
    def _settings(self) -> PoolSettings:
        """Settings of the generator of a campaign without a list."""
        if not isinstance(self._config.generator, PoolSettings):
            raise TypeError(f"generator.kind {self._config.generator.kind} generates no repeat units")
        return self._config.generator

    @cached_property
    def _generator(self) -> "Generator":
        return self._settings.make(self._config.constraints, lambda: self._corpus)

    @cached_property
    def _initial(self) -> Sequence[AnyCandidate]:
        """The initial evaluations, the same list at every start."""
        initial, seed = self._config.initial, self._config.seed
        if isinstance(initial, ListInitial):
            return listed_candidates(initial.listed(), "given")
        if self._list is not None:
            return drawn(self._list, initial.evaluations, seed)
        rng = rng_for(seed, "initial", "proposal")
        if isinstance(initial, CorpusInitial):
            chosen: list[Candidate] = []
            keys = self._corpus.units
            for row in rng.permutation(len(keys)):
                unit = RepeatUnit.from_psmiles(keys[row])
                if self._config.constraints(unit):
                    chosen.append(Candidate(unit, float("nan"), "corpus"))
                if len(chosen) == initial.evaluations:
                    break
            return chosen
        return self._generator.propose(initial.evaluations, rng, exclude=self._forbidden(()))

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        """Choose up to `n` candidates; see `Proposer`."""
        # Listed structures are evaluated even if another campaign of the store has measured them, since results are shared.
        listed = isinstance(self._config.initial, ListInitial)
        passed = {r.key for r in records if is_own(r, self._config.name)} if listed else taken
        chosen = [
            Proposal(candidate, self._in_corpus(candidate), "initial")
            for candidate in self._initial
            if candidate.key not in passed
        ][:n]
        # The surrogates cannot learn from substances without repeat units, so that a list of such is all that is evaluated.
        if len(chosen) < n and self._config.undescribed() is None:
            known = {*taken, *(proposal.candidate.key for proposal in chosen)}
            waiting = [composition_of_record(r) for r in records if r.state in OPEN]
            waiting += [proposal.candidate.composition for proposal in chosen]
            pending = [one for one in waiting if one is not None]
            chosen += self._by_acquisition(n - len(chosen), records, pending, known)
        return [_with_route(proposal) for proposal in chosen]

    def _in_corpus(self, candidate: AnyCandidate) -> bool:
        return candidate.document is None and candidate.key in self._corpus

    def _by_acquisition(
        self, n: int, records: Sequence[EvaluationRecord], pending: Sequence[Composition], taken: Collection[str]
    ) -> list[Proposal]:
        from surrogates import select_batch

        surrogates = self._learn(records, taken, n)
        left = [(one, one.composition) for one in self._pool if one.key not in taken]
        pool = [one for one, described in left if described is not None]
        units = [described for _, described in left if described is not None]
        if not pool:
            return []
        content = _digest([*(r.key for r in records), *(unit.key for unit in pending)])
        seed = int(seed_sequence(self._config.seed, content, "acquisition").generate_state(1)[0])
        selection = select_batch(
            surrogates,
            units,
            self._objectives,
            min(n, len(pool)),
            pending,
            settings=self._config.acquisition,
            seed=seed,
            constraints=self._config.limit_list(),
        )
        prediction = surrogates.predict([units[i] for i in selection.indices])
        return [
            Proposal(
                pool[i],
                self._in_corpus(pool[i]),
                "acquisition",
                float(value),
                {
                    name: PredictedValue(float(prediction.mean[row, j]), float(prediction.sd[row, j]))
                    for j, name in enumerate(prediction.properties)
                },
            )
            for row, (i, value) in enumerate(zip(selection.indices, selection.values, strict=True))
        ]

    def _learn(self, records: Sequence[EvaluationRecord], taken: Collection[str], n: int) -> "SurrogateSet":
        """Refit the surrogates and renew the pool if enough evaluations have finished since the last refit."""
        from surrogates import fit_surrogates

        self._forget_what_changed(records)
        known, schedule = sum(map(informative, records)), self._config.surrogates
        wait = max(schedule.refit_every, round(schedule.refit_growth * self._learnt_from))
        due = self._learnt_from < 0 or known - self._learnt_from >= wait
        exhausted = sum(candidate.key not in taken for candidate in self._pool) < n
        if self._surrogates is not None and not due and not exhausted:
            return self._surrogates
        observations = self._observe(records)
        if self._surrogates is None or due:
            content = _digest([unit.key for unit in observations.units])
            seed = int(seed_sequence(self._config.seed, content, "surrogates").generate_state(1)[0])
            settings = self._config.surrogates.settings()
            if settings.fidelity is None:
                settings = settings.model_copy(update={"fidelity": self._fidelity})
            self._surrogates = fit_surrogates(observations, self._config.modelled(), settings, seed=seed)
            self._learnt_from = known
            self._learnt = {record.id: record.finished_no for record in records if informative(record)}
        if self._list is not None:
            self._pool = self._list
        elif due or exhausted:
            content = _digest([*(unit.key for unit in observations.units), *(taken if exhausted else ())])
            rng = rng_for(self._config.seed, content, "proposal")
            self._pool = self._make_pool(n, rng, self._likelihood(self._surrogates, records), self._forbidden(taken))
        return self._surrogates

    def _forget_what_changed(self, records: Sequence[EvaluationRecord]) -> None:
        """Force a refit if training data were corrected or withdrawn."""
        fresh = self._reread()
        if fresh is not None:
            self._imported = self._modelled(fresh)
        changed = any(
            record.id in self._learnt and not (informative(record) and record.finished_no == self._learnt[record.id])
            for record in records
        )
        if fresh is not None or changed:
            self._learnt_from = -1

    def _modelled(self, imported: Sequence[ImportedRecord]) -> tuple[ImportedRecord, ...]:
        return tuple(record for record in imported if record.property in self._config.modelled())

    def _observe(self, records: Sequence[EvaluationRecord]) -> "Observations":
        config = self._config
        needed = [objective.property for objective in config.objectives]
        return observations_of(records, config.modelled(), self._fidelity, self._imported, needed)

    def _make_pool(
        self, n: int, rng: np.random.Generator, likelihood: "LogLikelihood | None", forbidden: frozenset[str]
    ) -> "list[Candidate]":
        """Draw a full pool, or a smaller one of at least `n` candidates if the constraints leave fewer.

        Raises:
            ExhaustedProposals: Not even `n` candidates were found.
        """
        from generators.errors import ExhaustedProposals, NothingAccepted

        size, spread = max(self._settings.pool, n), self._settings.spread
        while True:
            try:
                drawn = self._generator.propose(round(size * spread), rng, log_likelihood=likelihood, exclude=forbidden)
                return diverse_part(drawn, size, rng)
            except NothingAccepted:
                raise
            except ExhaustedProposals:
                if size == n and spread == 1.0:
                    raise
                self._note(f"fewer than {size} new candidates satisfy the constraints; asking for fewer")
                size, spread = max(size // 4, n), 1.0

    def _likelihood(self, surrogates: "SurrogateSet", records: Sequence[EvaluationRecord]) -> "LogLikelihood | None":
        limits = self._config.limit_list()
        front = front_records(records, self._objectives, limits)
        if not front and not limits:
            return None
        regions = improving(self._config.objectives, measured_values(front, self._objectives)) if front else ({},)
        return region_likelihood(surrogates, within_limits(regions, limits))

    def _forbidden(self, taken: Collection[str]) -> frozenset[str]:
        return self._corpus.keys.union(taken) if self._config.novelty == "required" else frozenset(taken)


def _with_route(proposal: Proposal) -> Proposal:
    candidate = proposal.candidate
    if not isinstance(candidate, Candidate):
        return proposal
    return replace(proposal, candidate=with_route(candidate), route_sought=True)


def _digest(keys: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
