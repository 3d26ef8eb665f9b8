"""The sections of a campaign file."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from designer.config.base import Section
from designer.config.substances import SubstanceDocument, check_distinct
from designer.substances import read_substance
from mdcore.chem import InvalidRepeatUnit, RepeatUnit, UnknownProperty, property_spec
from mdcore.properties import MEASURED
from mdcore.properties.sections import without_default_sections
from mdcore.settings import SimulationSettings
from surrogates import Constraint, Objective, SurrogateSettings

if TYPE_CHECKING:
    from mdcore.substances import Substance

ANSWERED = "answered"
"""Key of the validation context: a table provides the values, so that every registered property is accepted."""

STORED = "stored"
"""Key of the validation context: the configuration comes from a store and was accepted when the campaign was started."""


def is_stored(info: ValidationInfo) -> bool:
    """Return whether the validated configuration comes from a store."""
    return bool((info.context or {}).get(STORED))


def known_property(name: str) -> str:
    """Return `name` if the registry holds it.

    Raises:
        ValueError: It does not; the message lists the possible names.
    """
    try:
        return property_spec(name).name
    except UnknownProperty as error:
        raise ValueError(str(error)) from error


def measurable_property(name: str, info: ValidationInfo | None = None) -> str:
    """Return `name` if it is registered and measured by simulations, or if a table provides the values.

    Raises:
        ValueError: It is neither; the message lists the possible names.
    """
    known = known_property(name)
    answered = info is not None and bool((info.context or {}).get(ANSWERED))
    if known not in MEASURED and not answered:
        raise ValueError(f"property {known!r} cannot be measured by simulation; choose from {', '.join(MEASURED)}")
    return known


def check_reachable(name: str, low: float | None, high: float | None) -> None:
    """Check that an interval of a property can be reached by a polymer.

    Raises:
        ValueError: The interval is physically impossible.
    """
    if reason := property_spec(name).why_unreachable(low, high):
        raise ValueError(reason)


class Region(Section):
    """An interval of a property; omit a bound for an open end.

    Attributes:
        low: Lower bound in the property's unit.
        high: Upper bound in the same unit.
    """

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Region":
        if self.low is None and self.high is None:
            raise ValueError("a range needs low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low must be below high, got low {self.low:g} and high {self.high:g}")
        return self


class ObjectiveSettings(Section):
    """One property to design for.

    Attributes:
        property: Registry name.
        direction: `maximise`, `minimise`, or `target` (as close to `value` as possible).
        value: Target value, for direction `target`.
        region: Range that the generator's likelihood favours; without it, the likelihood favours improvements of the present front.
    """

    property: str
    direction: Literal["maximise", "minimise", "target"] = "maximise"
    value: float | None = None
    region: Region | None = None

    _known = field_validator("property")(known_property)

    @model_validator(mode="after")
    def _value_goes_with_target(self) -> "ObjectiveSettings":
        if (self.direction == "target") != (self.value is not None):
            rule = "needs" if self.direction == "target" else "takes no"
            raise ValueError(f"direction {self.direction!r} {rule} `value`; use direction target together with value")
        return self

    @model_validator(mode="after")
    def _can_be_met(self, info: ValidationInfo) -> "ObjectiveSettings":
        if is_stored(info):
            return self
        check_reachable(self.property, self.value, self.value)
        if self.region is not None:
            check_reachable(self.property, self.region.low, self.region.high)
        return self

    def objective(self) -> Objective:
        """Return the objective as the surrogates take it."""
        low, high = (self.region.low, self.region.high) if self.region else (None, None)
        return Objective(self.property, self.direction, target=self.value, low=low, high=high)


class LimitSettings(Region):
    """An allowed range of a property, simulated or predicted; omit a bound for an open end.

    Attributes:
        property: Registry name. Properties that the simulations do not measure are predicted from known data.
    """

    property: str

    _known = field_validator("property")(known_property)

    @model_validator(mode="after")
    def _can_be_met(self, info: ValidationInfo) -> "LimitSettings":
        if not is_stored(info):
            check_reachable(self.property, self.low, self.high)
        return self

    def constraint(self) -> Constraint:
        """Return the limit as the surrogates take it."""
        return Constraint(self.property, self.low, self.high)


class SurrogateSection(SurrogateSettings):
    """Settings of the surrogate models, and how often they are refitted.

    Attributes:
        refit_every: Number of finished evaluations between two refits; each refit also renews the pool of candidates.
        refit_growth: Refit only after the data have grown by this fraction (0.1 = 10 %), which bounds the share of time that a long
            campaign spends on refits.
    """

    refit_every: Annotated[int, Field(ge=1)] = 1
    refit_growth: Annotated[float, Field(ge=0, le=1)] = 0.0

    def settings(self) -> SurrogateSettings:
        """Return the settings without the refit schedule, which belongs to the campaign."""
        return SurrogateSettings.model_validate(self.model_dump(exclude={"refit_every", "refit_growth"}))


class SimulationSection(SimulationSettings):
    """The simulation of each candidate: settings and measured properties.

    Attributes:
        properties: Properties to measure; those of the objectives are always included.
    """

    properties: tuple[str, ...] = ("density",)

    @field_validator("properties")
    @classmethod
    def _known(cls, properties: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(measurable_property(name) for name in properties))

    def settings(self) -> SimulationSettings:
        """Return the settings without what belongs to the campaign, and without sections that equal their defaults."""
        return without_default_sections(SimulationSettings.model_validate(self.model_dump(exclude={"properties"})))


class StopSettings(Section):
    """Stopping criteria.

    Attributes:
        evaluations: Number of evaluations, including failed ones.
        wall_time_h: Running time in hours, summed over restarts; afterwards running evaluations are completed and no new ones are started.
        failures_in_a_row: Number of consecutive failures after which the campaign ends with an error.
    """

    evaluations: Annotated[int, Field(ge=1)] | None = None
    wall_time_h: Annotated[float, Field(gt=0)] | None = None
    failures_in_a_row: Annotated[int, Field(ge=1)] = 10

    @model_validator(mode="after")
    def _stops(self) -> "StopSettings":
        if self.evaluations is None and self.wall_time_h is None:
            raise ValueError("the campaign has no stopping criterion; set evaluations or wall_time_h")
        return self


class PriorInitial(Section):
    """First evaluations drawn from the generator's prior, or from its list of substances.

    Attributes:
        kind: `prior`.
        evaluations: Number of evaluations.
    """

    kind: Literal["prior"] = "prior"
    evaluations: Annotated[int, Field(ge=1)] = 4


class CorpusInitial(Section):
    """First evaluations drawn from the corpus of known and enumerated polymers.

    Attributes:
        kind: `corpus`.
        evaluations: Number of evaluations.
    """

    kind: Literal["corpus"] = "corpus"
    evaluations: Annotated[int, Field(ge=1)] = 4


class ListInitial(Section):
    """First evaluations given as a list of structures.

    Attributes:
        kind: `list`.
        psmiles: Repeat units of homopolymers, in the order of evaluation.
        substances: Documents of other substances, evaluated after them, such as `{kind: liquid, smiles: CCO}`. A campaign that lists
            substances without repeat units evaluates this list only, since the surrogates cannot describe them.
    """

    kind: Literal["list"] = "list"
    psmiles: tuple[str, ...] = ()
    substances: tuple[SubstanceDocument, ...] = ()

    @field_validator("psmiles")
    @classmethod
    def _units(cls, psmiles: tuple[str, ...]) -> tuple[str, ...]:
        first: dict[str, str] = {}
        for text in psmiles:
            try:
                key = RepeatUnit.from_psmiles(text).key
            except InvalidRepeatUnit as error:
                raise ValueError(str(error)) from error
            if key in first:
                raise ValueError(f"{text!r} and {first[key]!r} are the same polymer; remove one of them")
            first[key] = text
        return psmiles

    @model_validator(mode="after")
    def _distinct(self) -> "ListInitial":
        if not self.psmiles and not self.substances:
            raise ValueError("the list is empty; give psmiles, substances, or both")
        if self.substances:
            check_distinct(self.listed())
        return self

    @property
    def evaluations(self) -> int:
        """Return how many first evaluations there are."""
        return len(self.psmiles) + len(self.substances)

    def listed(self) -> "tuple[Substance, ...]":
        """Return the substances in the order in which they are evaluated."""
        homopolymers = ({"kind": "homopolymer", "psmiles": text} for text in self.psmiles)
        return tuple(read_substance(document) for document in (*homopolymers, *self.substances))


InitialSettings = Annotated[PriorInitial | CorpusInitial | ListInitial, Field(discriminator="kind")]
