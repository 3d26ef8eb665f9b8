"""Measurements of a store, and surrogates trained on them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from designer.campaign.observations import observations_of
from designer.cli.locate import locate_store, opened_campaign, shown_address
from designer.errors import InvalidRequest
from designer.store import ImportedRecord, campaign_names, imported_records, open_store
from designer.store.engine import close_engine
from designer.store.records import EvaluationRecord
from mdcore.chem import seed_sequence
from surrogates import SurrogateSettings

if TYPE_CHECKING:
    from surrogates import SurrogateSet


@dataclass(frozen=True)
class Learned:
    """The measurements of a campaign, or known data of a store without campaigns.

    Attributes:
        name: Address of the store for messages, without a password.
        evaluations: Finished evaluations of the campaign, if any.
        imported: Known data.
        fidelity: Fidelity of the campaign; empty without a campaign.
        settings: Settings of the campaign's surrogates.
    """

    name: str
    evaluations: tuple[EvaluationRecord, ...]
    imported: tuple[ImportedRecord, ...]
    fidelity: str
    settings: SurrogateSettings

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of all measured properties, sorted."""
        evaluated = {m.property for record in self.evaluations for m in record.measurements}
        return tuple(sorted(evaluated | {record.property for record in self.imported if record.value is not None}))

    def measured(self, properties: Collection[str] = ()) -> frozenset[str]:
        """Return the keys of the repeat units with a measured value of any of the properties; of any property by default."""
        wanted = set(properties) or set(self.properties)
        evaluated = {r.key for r in self.evaluations if any(m.property in wanted for m in r.measurements)}
        known = {r.key for r in self.imported if r.property in wanted and r.value is not None}
        return frozenset(evaluated | known)

    def surrogates(self, properties: Sequence[str], seed: int) -> "SurrogateSet":
        """Fit surrogates of some properties.

        Raises:
            InvalidRequest: The store has no value of one of them.
        """
        from surrogates import fit_surrogates

        fidelity = self.fidelity
        if not fidelity:
            # Known data only: their most frequent fidelity is predicted.
            counts = Counter(record.fidelity for record in self.imported if record.property in properties)
            fidelity = min(counts, key=lambda name: (-counts[name], name), default="")
        observations = observations_of(self.evaluations, properties, fidelity, self.imported)
        for name in properties:
            if not observations.measured(name).any():
                raise InvalidRequest(f"store {self.name!r} has no measurement of {name!r}; use a store that has")
        digest = "\n".join(unit.key for unit in observations.units)
        settings = self.settings.model_copy(update={"fidelity": self.settings.fidelity or fidelity})
        drawn = int(seed_sequence(seed, digest, "surrogates").generate_state(1)[0])
        return fit_surrogates(observations, tuple(properties), settings, seed=drawn)


def learned_from(store: str, campaign: str | None) -> Learned:
    """Read the measurements of a store.

    Args:
        store: A store, a campaign's folder or its YAML file.
        campaign: Which campaign, if the store holds several.

    Raises:
        DesignerError: The store or campaign does not exist.
    """
    engine = open_store(locate_store(store))
    try:
        imported = tuple(imported_records(engine))
        if not campaign_names(engine) and campaign is None:
            return Learned(shown_address(store), (), imported, "", SurrogateSettings())
    finally:
        close_engine(engine)
    with opened_campaign(store, campaign) as (opened, config):
        evaluations = opened.evaluations("done", "failed")
        fidelity = config.simulation_settings().fidelity
        return Learned(shown_address(store), evaluations, imported, fidelity, config.surrogates.settings())
