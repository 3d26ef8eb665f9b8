"""What each program of a crowd does; forked programs import this file by its name, and the test imports none of it twice."""

from collections.abc import Callable, Collection, Sequence
from multiprocessing.connection import Connection

from designer import Campaign, CampaignConfig
from designer.campaign.proposal import Proposal
from designer.store import EvaluationRecord
from generators import Candidate
from mdcore.chem import RepeatUnit

UNITS = tuple(RepeatUnit.from_psmiles(f"*{'C' * a}O{'C' * b}S*") for b in range(1, 17) for a in range(1, b + 1))


class Listed:
    """Proposes from a fixed list, as soon as it is asked."""

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        free = [unit for unit in UNITS if unit.key not in taken]
        return [Proposal(Candidate(unit, None, "list"), in_corpus=False, step="initial") for unit in free[:n]]


def ask(config: CampaignConfig) -> object:
    """Open the store, ask for one candidate, close it; return the key."""
    with Campaign(config, proposer=Listed()) as campaign:
        (record,) = campaign.ask(1)
    return record.key


def tell(config: CampaignConfig, ordinal: int) -> object:
    """Open the store, tell one value, close it; return how many were recorded and what was refused."""
    row = {
        "candidate": ordinal,
        "property": "refractive_index",
        "value": 1.4 + 0.002 * ordinal,
        "stderr": 0.01,
        "unit": "1",
    }
    with Campaign(config, proposer=Listed()) as campaign:
        answer = campaign.tell([(2, row)])
    return answer.recorded, answer.refused


def member(
    document: dict[str, object], do: Callable[..., object], arguments: tuple[object, ...], pipe: Connection
) -> None:
    """Be ready, wait for the word, act, and send what came of it."""
    config = CampaignConfig.model_validate(document)
    pipe.send("ready")
    pipe.recv()
    try:
        pipe.send(do(config, *arguments))
    except Exception as error:  # noqa: BLE001 - reported by the test
        pipe.send(error)
