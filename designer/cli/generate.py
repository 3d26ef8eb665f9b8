"""`designer generate`."""

import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, TextIO, get_args

import numpy as np
import typer

from designer.campaign.candidates import with_route
from designer.campaign.likelihood import Bounds, region_likelihood
from designer.cli.checks import at_least
from designer.cli.learned import learned_from
from designer.cli.options import CampaignName, Json, Seed
from designer.cli.output import answer_stream, write_json
from designer.cli.proposed import Proposed, told_of, write_table
from designer.config.generators import NeuralSMCSettings, NGramSMCSettings, ReactionSMCSettings
from designer.errors import InvalidRequest, MissingFile
from designer.novelty import Novelty, novelty
from designer.text import told_in_quarters
from generators import CorpusSettings, Filters, SMCSettings, load_corpus
from generators.smc.settings import MAX_SHARPNESS
from mdcore.chem import property_spec, rng_for
from mdcore.chem.files import replacing_text
from mdcore.chem.numbers import parse_number

_TARGET = re.compile(r"^\s*(?P<name>\w+)\s*(?P<sign>[<>])=?\s*(?P<value>[^\s<>=]+)\s*$")


@dataclass(frozen=True)
class GeneratorChoice:
    """The generator: a saved model, polymerisations of monomers, or by default an n-gram model of the corpus.

    Attributes:
        model: File of a saved language model.
        reactions: Whether to propose polymerisations of monomers.
        monomers: List of monomers in place of the built-in one.
        sharpness: Final exponent of the likelihood.
    """

    model: Path | None = None
    reactions: bool = False
    monomers: Path | None = None
    sharpness: float = 1.0

    def settings(self) -> NGramSMCSettings | NeuralSMCSettings | ReactionSMCSettings:
        """Return the choice as a section of a campaign.

        Raises:
            InvalidRequest: The choices exclude each other, or the sharpness is not positive.
            MissingFile: The model or the list of monomers does not exist.
        """
        if not 0 < self.sharpness <= MAX_SHARPNESS:
            raise InvalidRequest(f"--sharpness must be above 0 and at most {MAX_SHARPNESS:g}, got {self.sharpness:g}")
        if self.monomers is not None and not self.reactions:
            raise InvalidRequest(f"--monomers {self.monomers} needs --reactions")
        if self.model is not None and self.reactions:
            raise InvalidRequest(f"--model {self.model} and --reactions are mutually exclusive; choose one")
        for option, path in (("--model", self.model), ("--monomers", self.monomers)):
            if path is not None and not path.is_file():
                raise MissingFile(f"{option} {str(path)!r} does not exist; give the path of a file")
        smc = SMCSettings(sharpness=self.sharpness)
        if self.reactions:
            return ReactionSMCSettings(monomers=self.monomers, smc=smc)
        return NeuralSMCSettings(model=self.model, smc=smc) if self.model is not None else NGramSMCSettings(smc=smc)


@dataclass(frozen=True)
class Source:
    """Source of the training data of the surrogates.

    Attributes:
        store: A store, a campaign's folder or its YAML file.
        campaign: Which campaign of the store, if it holds several.
    """

    store: str | None = None
    campaign: str | None = None


@dataclass(frozen=True)
class Taking:
    """Selection among the candidates.

    Attributes:
        best_of: Oversampling factor: draw best_of x n candidates and return the n most likely.
        diversity: Internal diversity of the selected candidates.
    """

    best_of: float = 1.0
    diversity: float = 0.0

    def check(self) -> None:
        """Check the values.

        Raises:
            InvalidRequest: A number is out of range, or a diversity is given without oversampling.
        """
        if not 1 <= self.best_of < math.inf:
            text = f"--best-of must be at least 1, got {self.best_of:g}"
            raise InvalidRequest(text)
        if not 0 <= self.diversity < 1:
            raise InvalidRequest(f"--diversity must be at least 0 and below 1, got {self.diversity:g}")
        if self.diversity and self.best_of == 1:
            raise InvalidRequest("--diversity needs an oversampling factor; add --best-of, for example 6")


@dataclass(frozen=True)
class Output:
    """Output of the proposals.

    Attributes:
        novel: Whether to exclude repeat units of the corpus.
        measured: Whether to include repeat units measured in the store.
        routes: Whether to search for synthesis routes.
        out: File, .csv or .json; standard output by default.
        as_json: Whether to print one JSON document.
    """

    novel: bool = False
    measured: bool = False
    routes: bool = False
    out: Path | None = None
    as_json: bool = False

    def check(self, source: Source) -> None:
        """Check the options before anything is computed.

        Raises:
            InvalidRequest: The file cannot be written or has another extension, or options exclude each other.
        """
        if self.measured and source.store is None:
            raise InvalidRequest("--measured needs --store")
        if source.campaign is not None and source.store is None:
            raise InvalidRequest(f"--campaign {source.campaign!r} needs --store")
        if self.out is None:
            return
        if self.out.suffix not in (".csv", ".json"):
            raise InvalidRequest(f"--out {str(self.out)!r} must end in .csv or .json")
        if self.out.is_dir() or not self.out.parent.is_dir() or not os.access(self.out.parent, os.W_OK):
            raise InvalidRequest(f"--out {str(self.out)!r} cannot be written; give a file in an existing folder")


def generate_command(
    n: Annotated[int, typer.Option("--n", help="Number of repeat units.")] = 10,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Target of a property, such as 'refractive_index>1.65'; may be repeated; needs --store."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Store or campaign whose measured repeat units are excluded, and whose data train the surrogates of --target."
        ),
    ] = None,
    campaign: CampaignName = None,
    model: Annotated[
        Path | None, typer.Option(help="Saved language model; an n-gram model of the corpus by default.")
    ] = None,
    reactions: Annotated[
        bool, typer.Option("--reactions", help="Propose polymerisations of monomers, each with its route.")
    ] = False,
    monomers: Annotated[
        Path | None, typer.Option(help="List of monomers for --reactions; the built-in list by default.")
    ] = None,
    routes: Annotated[bool, typer.Option("--routes", help="Search for a synthesis route of each repeat unit.")] = False,
    sharpness: Annotated[
        float, typer.Option(help="Exponent of the probability of the targets: above 1, more proposals meet them.")
    ] = 1.0,
    best_of: Annotated[
        float,
        typer.Option(
            help="Oversampling factor: draw best_of x n candidates and return the n most likely to meet the targets."
        ),
    ] = 1.0,
    diversity: Annotated[
        float,
        typer.Option(help="With --best-of: mean pairwise distance of the returned candidates, 0 to 1; 0.7 is diverse."),
    ] = 0.0,
    novel: Annotated[bool, typer.Option("--novel", help="Exclude repeat units of the corpus.")] = False,
    with_measured: Annotated[
        bool, typer.Option("--measured", help="Include repeat units that are measured in the store.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File to write, .csv or .json; standard output by default.")] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Propose distinct, valid repeat units.

    Each is marked as new, known (in the corpus of known polymers and products of common monomers) or measured (in the store).
    """
    choice, taking = GeneratorChoice(model, reactions, monomers, sharpness), Taking(best_of, diversity)
    source, output = Source(store, campaign), Output(novel, with_measured, routes, out, as_json)
    targets = target or []
    with answer_stream() as stream:
        at_least("--n", n, 1)
        at_least("--seed", seed, 0)
        region = parse_targets(targets)
        settings = choice.settings()
        taking.check()
        output.check(source)
        if not region and (taking.best_of > 1 or choice.sharpness != 1):
            raise InvalidRequest("--sharpness and --best-of need a target; add --target")
        if region and source.store is None:
            text = "needs a surrogate; give a --store with measurements of the property"
            raise InvalidRequest(f"--target {next(iter(region))} {text}")
        learned = learned_from(source.store, source.campaign) if source.store is not None else None
        measured = learned.measured(tuple(region)) if learned else frozenset()
        surrogates = learned.surrogates(tuple(region), seed) if learned and region else None
        corpus = load_corpus(CorpusSettings(), progress=told_in_quarters("building the corpus", _tell))
        generator = settings.make(Filters(), lambda: corpus)
        likelihood = region_likelihood(surrogates, (region,)) if surrogates else None
        passed = (corpus.keys if output.novel else frozenset()) | (frozenset() if output.measured else measured)
        rng = rng_for(seed, " ".join(targets), "generate")
        found = generator.propose(n, rng, log_likelihood=likelihood, exclude=passed, **asdict(taking))
        if output.routes:
            found = [with_route(candidate) for candidate in found]
        units = [candidate.unit for candidate in found]
        proposals = [
            Proposed(c, novelty(c.unit.key in corpus, measured=c.unit.key in measured), c.unit.key in corpus)
            for c in found
        ]
        if surrogates is not None and likelihood is not None and units:
            prediction, chances = surrogates.predict(units), np.exp(likelihood(units))
            proposals = [replace(p, **told_of(prediction, i, float(chances[i]))) for i, p in enumerate(proposals)]
        _write(stream, proposals, region, seed, output)
    return 0


def _write(
    stream: TextIO, proposals: Sequence[Proposed], region: Mapping[str, Bounds], seed: int, output: Output
) -> None:
    document = {
        "n": len(proposals),
        "novelty": {word: sum(p.novelty == word for p in proposals) for word in get_args(Novelty) if word},
        "outside_corpus": sum(not p.in_corpus for p in proposals),
        "seed": seed,
        "target": {name: {"low": low, "high": high} for name, (low, high) in region.items()},
        "units": [p.document(with_route=output.routes) for p in proposals],
    }
    if output.out is not None:
        with replacing_text(output.out, newline="") as file:
            if output.out.suffix == ".json":
                write_json(file, document)
            else:
                write_table(file, proposals, tuple(region))
    if output.as_json:
        write_json(stream, document)
    elif output.out is not None:
        stream.write(f"{len(proposals)} repeat units: {output.out}\n")
    else:
        stream.writelines(f"{p.line(with_route=output.routes)}\n" for p in proposals)


def parse_targets(targets: Sequence[str]) -> dict[str, Bounds]:
    """Parse targets such as `refractive_index>1.65` into intervals.

    Raises:
        InvalidRequest: A text is not such a comparison, two of them exclude each other, or no value can meet one.
    """
    region: dict[str, Bounds] = {}
    for text in targets:
        match = _TARGET.match(text)
        try:
            value = parse_number(match["value"]) if match else None
        except ValueError:
            value = None
        if match is None or value is None or not math.isfinite(value):
            raise InvalidRequest(f"--target {text!r} is not a comparison; write it as 'refractive_index>1.65'")
        spec = property_spec(match["name"])
        name = spec.name
        low, high = region.get(name, (None, None))
        low, high = (value, high) if match["sign"] == ">" else (low, value)
        if low is not None and high is not None and low >= high:
            raise InvalidRequest(
                f"--target {text!r} leaves no value of {name} between {low:g} and {high:g}; widen the range"
            )
        if reason := spec.why_unreachable(low, high):
            raise InvalidRequest(f"--target {text!r}: {reason}")
        region[name] = (low, high)
    return region


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
