"""Settings of the surrogates and of the acquisition."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainSerializer,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from mdcore.chem.settings import Settings
from surrogates.registry import LEARNERS, METHODS

GP = "gp"
"""Name of the built-in learner, whose settings are fields of `SurrogateSettings`."""

OF_GP = ("restarts", "exact_points", "inducing_points", "radial", "trend", "residual")
"""Settings that only the learner `gp` uses."""


def _registered_in(registry: Mapping[str, Any]) -> WrapValidator:
    """Return a validator that also accepts the names of plug-ins."""

    def registered(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError:
            if isinstance(value, str) and value in registry:
                return value
            raise

    return WrapValidator(registered)


class SurrogateSettings(Settings):
    """Settings of the surrogate models.

    Attributes:
        learner: Kind of model: `gp`, Gaussian processes; or the name of a plug-in.
        learners: Settings of learners of plug-ins by name, such as `{linear: {prior_sd: 2}}`. Those of `gp` are `restarts`,
            `exact_points`, `inducing_points`, `radial`, `trend` and `residual`.
        features: Molecular features: count `fingerprints`, chemical `descriptors`, or `both`, with one covariance term for each.
            `force-field` uses descriptors of force-field parameters, `all` uses fingerprints and both kinds of descriptors.
        radius: Radius of the Morgan environments, in bonds.
        columns: Length of the folded count fingerprint.
        restarts: Number of starting points of the hyperparameter fit; the first is the mode of the prior.
        chunk: Number of rows predicted at a time; limits memory use.
        exact_points: Largest number of measurements of a property for which an exact Gaussian process is used; beyond it, the
            posterior is approximated with inducing points.
        inducing_points: Number of inducing points.
        fidelity: Fidelity to predict if the observations contain several; the others contribute through a learned coupling.
        share_properties: Couple the properties, so that measurements of one improve predictions of the others. Not every learner can.
        radial: Radial kernel over descriptors: `matern` (smoothness 5/2) or `rbf`.
        trend: Whether to add a linear kernel over descriptors.
        residual: Interpretation of variation that the features do not explain. `peculiar`: a property of each polymer, so that a
            measured polymer is predicted at its measured value within the standard error. `noise`: measurement noise, so that the
            prediction is the smooth function of the features.
        failure_rate: Prior probability that an evaluation fails.
    """

    learner: Annotated[Literal["gp"], _registered_in(LEARNERS), PlainSerializer(str, return_type=str)] = "gp"
    learners: dict[str, dict[str, Any]] = Field(default_factory=dict)
    features: Literal["both", "fingerprints", "descriptors", "force-field", "all"] = "both"
    radius: Annotated[int, Field(ge=0, le=6)] = 2
    columns: Annotated[int, Field(ge=64, le=65536)] = 4096
    restarts: Annotated[int, Field(ge=1, le=32)] = 3
    chunk: Annotated[int, Field(ge=16)] = 2048
    exact_points: Annotated[int, Field(ge=1)] = 5000
    inducing_points: Annotated[int, Field(ge=1)] = 1500
    fidelity: str | None = None
    share_properties: bool = False
    radial: Literal["matern", "rbf"] = "matern"
    trend: bool = True
    residual: Literal["peculiar", "noise"] = "peculiar"
    failure_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05

    @field_validator("learners")
    @classmethod
    def _valid_sections(cls, sections: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, section in sections.items():
            if name == GP:
                raise ValueError(
                    f"{name}: the settings of this learner are {', '.join(OF_GP)}; write them beside `learners`"
                )
            if name not in LEARNERS:
                known = ", ".join(one for one in LEARNERS if one != GP)
                raise ValueError(
                    f"learner {name!r} is unknown; {f'known: {known}' if known else 'install its plug-in'}"
                )
            try:
                LEARNERS[name].model_validate(section)
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in (name, *first["loc"]))
                raise ValueError(f"{place} {first['input']!r}: {first['msg']}") from error
        return sections

    @model_validator(mode="after")
    def _understood_by_the_learner(self) -> "SurrogateSettings":
        if self.learner == GP:
            return self
        for name in OF_GP:
            value = getattr(self, name)
            if value != type(self).model_fields[name].default:
                raise ValueError(
                    f"{name} {value!r} is a setting of learner gp, got learner {self.learner!r}; remove one of them"
                )
        if self.share_properties and not LEARNERS[self.learner].couples_tasks:
            raise ValueError(f"learner {self.learner!r} cannot couple properties; set share_properties to false")
        return self


class AcquisitionSettings(Settings):
    """Settings of the acquisition function, which selects batches of candidates.

    Attributes:
        method: Acquisition function, see below; or the name of a plug-in.
        samples: Number of quasi-Monte Carlo samples of the measured and pending units.
        shortlist: Number of candidates considered for the second and later members of a batch; enlarged if a bound on the others
            requires it.
        reference: Reference point of objectives that do not define one: a tenth of the range below the `worst` measured unit, which
            rewards both ends of the front, or below the `nadir` of the front, the usual rule.
        optimism: Number of standard deviations added by `upper-bound`.
        avoid_failures: Weight the acquisition value by the probability that the evaluation succeeds.
        conditioned: Select each member of a batch conditional on those before it; otherwise take the candidates with the highest
            individual values.

    Methods: `expected` is the expected hypervolume improvement, in closed form over the candidate and sampled over noise and pending
    units; `front` is the probability that the candidate is on the Pareto front, which finds many points of it; `mixed` is the geometric
    mean of both; `improvement` is the Monte Carlo acquisition function qLogNEHVI of BoTorch (qLogNEI for one objective), followed by
    exchanges of batch members; `upper-bound` is the improvement of an upper confidence bound; `thompson` maximises one posterior sample
    per member; `target` is the probability that every objective lies in its region (low to high); `max-variance` and `random` explore.
    Objectives with a target value are always evaluated by sampling.
    """

    method: Annotated[
        Literal[
            "mixed",
            "expected",
            "front",
            "improvement",
            "upper-bound",
            "thompson",
            "target",
            "max-variance",
            "random",
        ],
        _registered_in(METHODS),
        PlainSerializer(str, return_type=str),
    ] = "mixed"
    samples: Annotated[int, Field(ge=8, le=4096)] = 32
    shortlist: Annotated[int, Field(ge=16)] = 512
    reference: Literal["worst", "nadir"] = "worst"
    optimism: Annotated[float, Field(ge=0)] = 2.0
    avoid_failures: bool = True
    conditioned: bool = True
