"""A campaign without chemistry or physics: candidates by rule, results at once."""

from collections.abc import Callable, Collection, Sequence

from designer.campaign.proposal import Proposal
from designer.cluster import Finished, Job, Message, Outcome, Progressed
from designer.store import EvaluationRecord
from generators import Candidate
from mdcore.chem import Failure, Measurement, RepeatUnit
from mdcore.measure import Progress, SimulationResult

Answer = Callable[[Job], SimulationResult | Failure]


class Alkanes:
    """Proposes longer and longer polyethers; remembers what it was told."""

    def __init__(self) -> None:
        self.pending: list[int] = []

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        self.pending.append(sum(record.state in ("proposed", "running") for record in records))
        found = []
        for length in range(1, 100):
            unit = RepeatUnit.from_psmiles(f"*{'C' * length}O*")
            if unit.key not in taken:
                found.append(Proposal(Candidate(unit, -float(length), "test"), in_corpus=False, step="initial"))
            if len(found) == n:
                break
        return found


def answer(job: Job) -> SimulationResult | Failure:
    size = RepeatUnit.from_psmiles(job.substance["psmiles"]).n_heavy_atoms
    values = {"refractive_index": 1.4 + 0.01 * size, "abbe_number": 60.0 - size, "density": 1.0}
    units = {"density": "g/cm3"}
    return SimulationResult(
        tuple(Measurement(p, values[p], 0.001, units.get(p, "1"), "md-quick-2", {}) for p in job.properties), {}, {}
    )


class InstantCluster:
    """Ends one job each time it is asked, the last one first."""

    dashboard = None

    def __init__(self, slots: int = 2, answer: Answer = answer, dies_after: int | None = None) -> None:
        self.slots, self._answer, self._dies_after = slots, answer, dies_after
        self.jobs: list[Job] = []
        self.submitted: list[Job] = []
        self.most_at_a_time = 0
        self.closed = False

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        self.submitted.append(job)
        self.most_at_a_time = max(self.most_at_a_time, len(self.jobs))

    def messages(self, timeout_s: float) -> list[Message]:
        if self._dies_after is not None:
            self._dies_after -= 1
            if self._dies_after < 0:
                raise KeyboardInterrupt  # as sudden as an end can be inside one process
        if not self.jobs:
            return []
        job = self.jobs.pop()
        half = Progress("sampling", 0.5, 0.5, None, None)
        return [
            Progressed(job.evaluation_id, half),
            Finished(job.evaluation_id, Outcome(self._answer(job), "test:1", 1.0)),
        ]

    def close(self) -> tuple[str, ...]:
        self.closed = True
        return ()
