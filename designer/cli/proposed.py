"""Proposals as lines, as a table and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from designer.novelty import Novelty
from designer.store.routes import route_document
from designer.text import with_error
from generators import Candidate
from generators.cells import TableWriter
from mdcore.chem import property_spec

if TYPE_CHECKING:
    from surrogates import Prediction


@dataclass(frozen=True)
class Proposed:
    """A proposal with its novelty and predictions.

    Attributes:
        candidate: The repeat unit, its origin and its route, if one was searched for.
        novelty: Whether it is new, known or measured.
        in_corpus: Whether it is in the corpus.
        predicted: Mean and standard deviation of each target property, in its unit.
        probability: Probability that it meets all targets; None without a target.
    """

    candidate: Candidate
    novelty: Novelty
    in_corpus: bool = False
    predicted: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    probability: float | None = None

    def document(self, *, with_route: bool) -> dict[str, Any]:
        """Return the proposal in JSON types."""
        row: dict[str, Any] = {
            "psmiles": self.candidate.unit.psmiles,
            "key": self.candidate.unit.key,
            "novelty": self.novelty,
            "log_prior": self.candidate.log_prior,
            "origin": self.candidate.origin,
            "in_corpus": self.in_corpus,
        }
        if self.probability is not None:
            row["target_probability"] = self.probability
            row["predicted"] = {
                name: {"mean": mean, "sd": sd, "unit": property_spec(name).unit}
                for name, (mean, sd) in self.predicted.items()
            }
        if with_route or self.candidate.route:
            row["route"] = route_document(self.candidate.route)
        return row

    def line(self, *, with_route: bool) -> str:
        """Return the proposal as one tab-separated line."""
        parts = [self.candidate.unit.psmiles, self.novelty]
        parts += [f"{property_spec(name).symbol} {with_error(*value)}" for name, value in self.predicted.items()]
        if self.probability is not None:
            parts.append(f"P {probability_text(self.probability)}")
        if with_route or self.candidate.route:
            parts.append(str(self.candidate.route or "no route known"))
        return "\t".join(parts)


def told_of(prediction: "Prediction", row: int, probability: float) -> dict[str, Any]:
    """Return the fields of `Proposed` that one row of a prediction fills."""
    values = zip(prediction.properties, prediction.mean[row], prediction.sd[row], strict=True)
    return {"predicted": {name: (float(mean), float(sd)) for name, mean, sd in values}, "probability": probability}


def probability_text(probability: float) -> str:
    """Return a probability with two digits, small ones as `<0.01`."""
    return "<0.01" if probability < 0.005 else f"{probability:.2f}"


def write_table(stream: TextIO, proposals: Sequence[Proposed], properties: Sequence[str]) -> None:
    """Write proposals as CSV."""
    own = [column for name in properties for column in (name, f"{name}_sd")]
    chances = ["target_probability"] if properties else []
    table = TableWriter(stream)
    table.row(["psmiles", "key", "novelty", *own, *chances, "log_prior", "origin", "route"])
    for p in proposals:
        predicted = [f"{number:.6g}" for name in properties for number in p.predicted[name]]
        chance = [f"{p.probability:.4g}"] if p.probability is not None else []
        unit = p.candidate.unit
        table.row(
            [unit.psmiles, unit.key, p.novelty, *predicted, *chance, f"{p.candidate.log_prior:.6g}", p.candidate.origin,
             str(p.candidate.route or "")]
        )  # fmt: skip
