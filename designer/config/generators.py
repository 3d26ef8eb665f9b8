"""The section `generator`: how candidates are found, one model for each kind, with what it does.

A kind is a plug-in: a subclass of `PoolSettings` that makes a generator of repeat units, or of `GeneratorSettings` with a fixed list of
substances, registered with `register_generator`. Models are loaded with every campaign file; what they do loads its libraries itself.
"""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeVar

from pydantic import Field

from designer.config.base import Section
from designer.config.kinds import OfKind, add_kind
from generators import Filters, SMCSettings
from mdcore.chem.registry import Registry

if TYPE_CHECKING:
    from generators import Corpus, Generator, ReactionGenerator, SMCGenerator
    from mdcore.substances import Substance


class GeneratorSettings(Section):
    """How the candidates of a campaign are found. Each kind has a field `kind`."""

    if TYPE_CHECKING:
        kind: str

    first: ClassVar[str] = "drawn from the generator"
    """Description of initial evaluations of `initial.kind: prior`, for reports."""

    def listed(self) -> "tuple[Substance, ...]":
        """Return the substances that the campaign chooses from; none if repeat units are generated."""
        return ()


GENERATORS: Registry[type[GeneratorSettings]] = Registry("kind of generator")
"""Kinds of generators by the value of their field `kind`."""
AnyGenerator = Annotated[GeneratorSettings, OfKind(GENERATORS)]
"""A generator of any kind, in a model."""
G = TypeVar("G", bound=GeneratorSettings)


def register_generator(settings: type[G]) -> type[G]:
    """Add a kind of generator and return it; a class decorator.

    Raises:
        PluginError: The kind is taken, or the class has no field `kind` with a default.
    """
    add_kind(GENERATORS, settings)
    return settings


class PoolSettings(GeneratorSettings):
    """Settings of generators of repeat units: the pool of candidates.

    Attributes:
        pool: Number of candidates from which the acquisition chooses.
        spread: Oversampling factor: draw spread x pool candidates and keep the most diverse subset (MaxMin).
    """

    pool: Annotated[int, Field(ge=8, le=20_000)] = 200
    spread: Annotated[float, Field(ge=1.0, le=100.0)] = 1.0

    @abstractmethod
    def make(self, filters: Filters, corpus: "Callable[[], Corpus]") -> "Generator":
        """Return the generator.

        Args:
            filters: Constraints on every proposal.
            corpus: Returns the corpus of the campaign; called only if the generator needs it.

        Raises:
            GeneratorsError: A file that the settings name is invalid.
        """


class SampledSettings(PoolSettings):
    """Settings of generators that are steered by sequential Monte Carlo.

    Attributes:
        smc: Settings of the sampler.
    """

    smc: SMCSettings = SMCSettings()


@register_generator
class NGramSMCSettings(SampledSettings):
    """An n-gram model over repeat units, fitted to the corpus and steered by sequential Monte Carlo.

    Attributes:
        kind: `ngram_smc`.
        order: Order of the n-gram model: length of the longest n-gram, in tokens.
    """

    kind: Literal["ngram_smc"] = "ngram_smc"
    order: Annotated[int, Field(ge=2, le=20)] = 10

    first: ClassVar[str] = "drawn from the language model"

    def make(self, filters: Filters, corpus: "Callable[[], Corpus]") -> "SMCGenerator":
        """Fit the model, or read it from the cache."""
        from generators import SMCGenerator, cached_ngram

        return SMCGenerator(cached_ngram(corpus().units, self.order), self.smc, filters)


@register_generator
class NeuralSMCSettings(SampledSettings):
    """A saved language model, such as `generators.train_neural` makes, steered by sequential Monte Carlo.

    Attributes:
        kind: `neural_smc`.
        model: File of the model.
    """

    kind: Literal["neural_smc"] = "neural_smc"
    model: Path

    first: ClassVar[str] = "drawn from the language model"

    def make(self, filters: Filters, corpus: "Callable[[], Corpus]") -> "SMCGenerator":
        """Load the model.

        Raises:
            InvalidModelFile: The file of the model is invalid.
        """
        from generators import SMCGenerator, load_model

        return SMCGenerator(load_model(self.model), self.smc, filters)


@register_generator
class ReactionSMCSettings(SampledSettings):
    """Choices of a polymerisation and its monomers, steered by sequential Monte Carlo: every proposal has a route.

    Attributes:
        kind: `reaction`.
        monomers: List of monomers (a table with a column smiles, or a SMILES file); by default the project's own.
    """

    kind: Literal["reaction"] = "reaction"
    monomers: Path | None = None

    first: ClassVar[str] = "drawn from the polymerisations of the monomers"

    def make(self, filters: Filters, corpus: "Callable[[], Corpus]") -> "ReactionGenerator":
        """Read the monomers.

        Raises:
            InvalidList: The list of monomers is invalid.
        """
        from generators import ReactionGenerator, read_list

        monomers = read_list(self.monomers) if self.monomers is not None else None
        return ReactionGenerator(monomers, self.smc, filters)
