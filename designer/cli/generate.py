"""`designer generate`."""

import math
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from designer.campaign.generator import make_generator, with_route
from designer.campaign.likelihood import Bounds, region_likelihood
from designer.campaign.observations import observations_of
from designer.cli.checks import at_least
from designer.cli.locate import locate_store, opened_campaign
from designer.cli.output import answer_stream, write_json
from designer.config.sections import GeneratorSettings, NeuralSMCSettings, NGramSMCSettings, ReactionSMCSettings
from designer.errors import InvalidRequest
from designer.store import campaign_names, imported_records, open_store
from designer.store.engine import close_engine
from designer.store.records import EvaluationRecord
from designer.store.routes import route_document
from designer.text import told_in_quarters, with_error
from generators import Candidate, CorpusSettings, Filters, SMCSettings, load_corpus
from mdcore.chem import property_spec, rng_for, seed_sequence
from mdcore.chem.numbers import parse_number

if TYPE_CHECKING:
    from surrogates import Prediction, SurrogateSet

_TARGET = re.compile(r"^\s*(?P<name>\w+)\s*(?P<sign>[<>])=?\s*(?P<value>[^\s<>=]+)\s*$")


@dataclass(frozen=True)
class GeneratorChoice:
    """What proposes: a saved model, polymerisations of monomers, or (with neither) an n-gram model of the corpus.

    Attributes:
        model: File of a saved language model.
        reactions: Whether to choose polymerisations and monomers.
        monomers: List of monomers in place of the built-in one.
        sharpness: Final exponent of the likelihood.
    """

    model: Path | None = None
    reactions: bool = False
    monomers: Path | None = None
    sharpness: float = 1.0

    def settings(self) -> GeneratorSettings:
        """Return the choice as a section of a campaign.

        Raises:
            InvalidRequest: The choices exclude each other, or the sharpness is not positive.
        """
        if not 0 < self.sharpness < math.inf:
            raise InvalidRequest(
                f"--sharpness {self.sharpness:g} is no positive number; give 1, or more to aim narrower"
            )
        if self.monomers is not None and not self.reactions:
            raise InvalidRequest(f"--monomers {self.monomers} is for --reactions; add it")
        if self.model is not None and self.reactions:
            raise InvalidRequest(f"--model {self.model} and --reactions are two generators; choose one")
        smc = SMCSettings(sharpness=self.sharpness)
        if self.reactions:
            return ReactionSMCSettings(monomers=self.monomers, smc=smc)
        return NeuralSMCSettings(model=self.model, smc=smc) if self.model is not None else NGramSMCSettings(smc=smc)


@dataclass(frozen=True)
class Source:
    """Whose measurements teach the surrogates.

    Attributes:
        store: A store, a campaign's folder or its YAML file.
        campaign: Which campaign of the store, if it holds several.
    """

    store: str | None = None
    campaign: str | None = None


@dataclass(frozen=True)
class Taking:
    """Which of the candidates found are put out.

    Attributes:
        best_of: Candidates looked for to take each one from.
        diversity: Internal diversity of those taken.
    """

    best_of: float = 1.0
    diversity: float = 0.0

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            InvalidRequest: A number is out of its range, or the diversity has nothing to choose from.
        """
        if not 1 <= self.best_of < math.inf:
            text = f"--best-of {self.best_of:g} is below 1; give 1, or more to take the best of more candidates"
            raise InvalidRequest(text)
        if not 0 <= self.diversity < 1:
            raise InvalidRequest(f"--diversity {self.diversity:g} is not from 0 to below 1; give 0.7, say")
        if self.diversity and self.best_of == 1:
            raise InvalidRequest("--diversity chooses among more candidates than are put out; add --best-of 6, say")


def generate_command(
    n: int,
    targets: Sequence[str],
    source: Source,
    seed: int,
    choice: GeneratorChoice,
    taking: "Taking",
    *,
    with_routes: bool,
    as_json: bool,
) -> int:
    """Propose `n` distinct repeat units, steered to the targets if there are any."""
    with answer_stream() as stream:
        at_least("--n", n, 1)
        at_least("--seed", seed, 0)
        region = parse_targets(targets)
        settings = choice.settings()
        taking.check()
        if not region and (taking.best_of > 1 or choice.sharpness != 1):
            raise InvalidRequest("--sharpness and --best-of aim at targets and none is given; add --target")
        surrogates = _surrogates(region, source, seed) if region else None
        corpus = load_corpus(CorpusSettings(), progress=told_in_quarters("building the corpus", _tell))
        generator = make_generator(settings, Filters(), lambda: corpus)
        likelihood = region_likelihood(surrogates, (region,)) if surrogates else None
        rng = rng_for(seed, " ".join(targets), "generate")
        candidates = generator.propose(n, rng, log_likelihood=likelihood, **asdict(taking))
        if with_routes:
            candidates = [with_route(candidate) for candidate in candidates]
        prediction = surrogates.predict([c.unit for c in candidates]) if surrogates else None
        if as_json:
            rows = [_row(c, c.unit.key in corpus, prediction, i) for i, c in enumerate(candidates)]
            for row, candidate in zip(rows, candidates, strict=True):
                if with_routes or candidate.route:
                    row["route"] = route_document(candidate.route)
            write_json(
                stream,
                {
                    "n": len(rows),
                    "outside_corpus": sum(not row["in_corpus"] for row in rows),
                    "seed": seed,
                    "target": {name: {"low": low, "high": high} for name, (low, high) in region.items()},
                    "units": rows,
                },
            )
        else:
            _print(stream, candidates, prediction, with_routes=with_routes)
    return 0


def parse_targets(targets: Sequence[str]) -> dict[str, Bounds]:
    """Read texts like `refractive_index>1.65` as intervals.

    Raises:
        InvalidRequest: A text is no such comparison, or two of them exclude each other.
    """
    region: dict[str, Bounds] = {}
    for text in targets:
        match = _TARGET.match(text)
        try:
            value = parse_number(match["value"]) if match else None
        except ValueError:
            value = None
        if match is None or value is None:
            raise InvalidRequest(f"--target {text!r} is no comparison; write it as 'refractive_index>1.65'")
        name = property_spec(match["name"]).name
        low, high = region.get(name, (None, None))
        low, high = (value, high) if match["sign"] == ">" else (low, value)
        if low is not None and high is not None and low >= high:
            raise InvalidRequest(f"--target {text!r} leaves no value of {name} between {low:g} and {high:g}; widen it")
        region[name] = (low, high)
    return region


def _surrogates(region: Mapping[str, Bounds], source: Source, seed: int) -> "SurrogateSet":
    from surrogates import SurrogateSettings, fit_surrogates

    store = source.store
    if store is None:
        raise InvalidRequest(
            f"--target {next(iter(region))} needs a surrogate and none is trained; give --store with measurements of it"
        )
    engine = open_store(locate_store(store))
    try:
        known, settings = imported_records(engine), SurrogateSettings()
        evaluations: tuple[EvaluationRecord, ...] = ()
        if campaign_names(engine) or source.campaign is not None:
            with opened_campaign(store, source.campaign) as (campaign, config):
                fidelity, settings = config.simulation_settings().fidelity, config.surrogates
                evaluations = campaign.evaluations("done", "failed")
        else:
            # A store of known data alone: what most of it is, is predicted.
            levels = Counter(record.fidelity for record in known if record.property in region)
            fidelity = min(levels, key=lambda level: (-levels[level], level), default="")
    finally:
        close_engine(engine)
    observations = observations_of(evaluations, tuple(region), fidelity, known)
    for name in region:
        if not observations.measured(name).any():
            raise InvalidRequest(f"store {store!r} holds no measurement of {name!r}; give one that measured it")
    digest = "\n".join(unit.key for unit in observations.units)
    settings = settings.model_copy(update={"fidelity": settings.fidelity or fidelity})
    return fit_surrogates(
        observations,
        tuple(region),
        settings,
        seed=int(seed_sequence(seed, digest, "surrogates").generate_state(1)[0]),
    )


def _row(candidate: Candidate, in_corpus: bool, prediction: "Prediction | None", i: int) -> dict[str, object]:
    row: dict[str, object] = {
        "psmiles": candidate.unit.psmiles,
        "key": candidate.unit.key,
        "log_prior": candidate.log_prior,
        "origin": candidate.origin,
        "in_corpus": in_corpus,
    }
    if prediction is not None:
        row["predicted"] = {
            name: {
                "mean": float(prediction.mean[i, j]),
                "sd": float(prediction.sd[i, j]),
                "unit": property_spec(name).unit,
            }
            for j, name in enumerate(prediction.properties)
        }
    return row


def _print(
    stream: TextIO, candidates: Sequence[Candidate], prediction: "Prediction | None", *, with_routes: bool
) -> None:
    for i, candidate in enumerate(candidates):
        values = ""
        if prediction is not None:
            values = "".join(
                f"\t{property_spec(name).symbol} {with_error(prediction.mean[i, j], prediction.sd[i, j])}"
                for j, name in enumerate(prediction.properties)
            )
        route = f"\t{candidate.route or 'no route known'}" if with_routes or candidate.route else ""
        stream.write(f"{candidate.unit.psmiles}{values}{route}\n")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
