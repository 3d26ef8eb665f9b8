"""Comparison of campaigns with the same objectives and one reference point."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from designer.analysis.cost import cost_of_all
from designer.analysis.front import front_records, hypervolume_history, measured_values
from designer.config.campaign import CampaignConfig
from designer.errors import InvalidRequest
from designer.store.records import EvaluationRecord
from designer.store.routes import Routes, stored_routes
from designer.store.store import CampaignStore
from designer.store_url import StoreURL
from mdcore.chem import property_spec
from surrogates import Constraint, Objective, pareto_mask, reference_point


@dataclass(frozen=True)
class Compared:
    """One of the compared campaigns.

    Attributes:
        label: Its name, numbered if several have the same.
        fidelity: Fidelity of its measurements.
        limits: Limits of its front as text; may be empty.
        records: Its evaluations.
        routes: Known routes.
        front: Its Pareto front, best in the first objective first.
        joint: Identities of its evaluations on the joint front of all campaigns.
        counts: Finished evaluations 1..n.
        volumes: Dominated hypervolume after each, above the common reference point.
        cost: Machine time as text.
    """

    label: str
    fidelity: str
    limits: str
    records: tuple[EvaluationRecord, ...]
    routes: Routes
    front: tuple[EvaluationRecord, ...]
    joint: frozenset[int]
    counts: NDArray[np.int64]
    volumes: NDArray[np.float64]
    cost: str

    @property
    def done(self) -> int:
        """Return the number of measured evaluations."""
        return sum(record.state == "done" for record in self.records)

    @property
    def failed(self) -> int:
        """Return the number of failed evaluations."""
        return sum(record.state == "failed" for record in self.records)

    @property
    def volume(self) -> float:
        """Return the dominated hypervolume at the end."""
        return float(self.volumes[-1]) if len(self.volumes) else 0.0

    def best(self, objective: Objective) -> EvaluationRecord | None:
        """Return the evaluation of the front with the best value of an objective, or None."""
        values = measured_values(self.front, [objective])[:, 0]
        return self.front[int(np.argmax(objective.score(values)))] if len(values) else None


@dataclass(frozen=True)
class Comparison:
    """Compared campaigns.

    Attributes:
        objectives: Their common objectives.
        campaigns: The campaigns, in the given order.
        reference: The common reference point in the objectives' units, for a target the distance to it; empty without a front.
        joint: Size of the joint front.
    """

    objectives: tuple[Objective, ...]
    campaigns: tuple[Compared, ...]
    reference: tuple[float, ...]
    joint: int

    @property
    def fidelities(self) -> tuple[str, ...]:
        """Return the fidelities that differ between the campaigns."""
        return tuple(dict.fromkeys(campaign.fidelity for campaign in self.campaigns))


def compare_campaigns(found: Sequence[tuple[CampaignStore, CampaignConfig]]) -> Comparison:
    """Compare campaigns.

    The reference point of the hypervolume is computed from the joint front, so that the volumes are comparable.

    Args:
        found: Stores and configurations, at least one.

    Raises:
        InvalidRequest: Their objectives differ.
    """
    wanted = [_aims(config) for _, config in found]
    for one, aims in zip(found, wanted, strict=True):
        if aims != wanted[0]:
            raise InvalidRequest(
                f"{_named(*one)} has the objectives {_words(aims)}, {_named(*found[0])} has {_words(wanted[0])}; compare "
                "campaigns with the same objectives, selected with --campaign"
            )
    objectives = wanted[0]
    records = [store.evaluations() for store, _ in found]
    fronts = [
        front_records(own, objectives, config.limit_list()) for own, (_, config) in zip(records, found, strict=True)
    ]
    everything = [(n, record) for n, front in enumerate(fronts) for record in front]
    values = measured_values([record for _, record in everything], objectives)
    joint = {(n, r.id) for (n, r), stays in zip(everything, pareto_mask(values, objectives), strict=True) if stays}
    reference = reference_point(values, objectives) if everything else None
    campaigns = []
    for n, ((store, config), own) in enumerate(zip(found, records, strict=True)):
        counts, volumes = hypervolume_history(own, objectives, config.limit_list(), reference)
        finished = [record for record in own if record.state in ("done", "failed")]
        campaigns.append(
            Compared(
                label=config.name,
                fidelity=config.fidelity(),
                limits=", ".join(sorted(_limit(limit) for limit in config.limit_list())),
                records=own,
                routes=stored_routes(store.engine),
                front=fronts[n],
                joint=frozenset(r for m, r in joint if m == n),
                counts=counts,
                volumes=volumes,
                cost=cost_of_all(finished, config.cluster.threads_per_worker).text(),
            )
        )
    point = (
        () if reference is None else tuple(float(o.unscore(reference[j : j + 1])[0]) for j, o in enumerate(objectives))
    )
    return Comparison(objectives, _distinct(campaigns), point, len(joint))


def _named(store: CampaignStore, config: CampaignConfig) -> str:
    return f"campaign {config.name!r} in {str(StoreURL.of_engine_url(store.engine.url))!r}"


def _aims(config: CampaignConfig) -> tuple[Objective, ...]:
    # Regions steer the search; they do not define what is better.
    return tuple(replace(objective, low=None, high=None) for objective in config.objective_list())


def _words(objectives: Sequence[Objective]) -> str:
    return ", ".join(
        f"{o.property} near {o.target:g}" if o.target is not None else f"{o.direction} {o.property}" for o in objectives
    )


def _limit(limit: Constraint) -> str:
    low, high = limit.low, limit.high
    return f"{'' if low is None else f'{low:g} ≤ '}{limit.property}{'' if high is None else f' ≤ {high:g}'}"


def _distinct(campaigns: Sequence[Compared]) -> tuple[Compared, ...]:
    labels = [campaign.label for campaign in campaigns]
    return tuple(
        replace(c, label=f"{c.label} ({labels[: n + 1].count(c.label)})") if labels.count(c.label) > 1 else c
        for n, c in enumerate(campaigns)
    )


def reference_text(comparison: Comparison) -> str:
    """Return the reference point as text."""
    if not comparison.reference:
        return "No campaign has measured all objectives yet."
    point = ", ".join(
        f"{property_spec(o.property).label} {f'{value:.4g} from {o.target:g}' if o.target is not None else f'{value:.4g}'}"
        for o, value in zip(comparison.objectives, comparison.reference, strict=True)
    )
    return f"Hypervolume above a common reference point: {point}."


def notes(comparison: Comparison) -> list[str]:
    """Return remarks on the fairness of the comparison."""
    found = []
    if len(comparison.fidelities) > 1:
        found.append(
            f"The campaigns measured at different fidelities ({', '.join(comparison.fidelities)}): part of the difference "
            "between them comes from the methods."
        )
    if len({campaign.limits for campaign in comparison.campaigns}) > 1:
        limits = "; ".join(f"{c.label}: {c.limits or 'none'}" for c in comparison.campaigns)
        found.append(f"Each front respects the limits of its own campaign ({limits}).")
    return found
