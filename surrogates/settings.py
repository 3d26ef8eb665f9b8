"""Settings of the surrogates and of the acquisition."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class SurrogateSettings(BaseModel):
    """How the surrogates are built.

    Attributes:
        features: `fingerprints`, `descriptors`, or both; the covariance has one part for each.
        radius: Radius of the Morgan environments, in bonds.
        columns: Length to which the count fingerprint is folded.
        restarts: Starting points of the hyperparameter fit, the first one being the prior's mode.
        chunk: Rows predicted at a time; bounds the memory.
        exact_points: Measurements of a property up to which its posterior is exact; beyond, inducing points are used.
        inducing_points: Number of inducing points.
        fidelity: Fidelity that is predicted where the observations hold several; the others help through a learned coupling.
        share_properties: Let the other properties help each one through a learned coupling.
        exact_points: Annotated[int, Field(ge=1)] = 5000
    inducing_points: Annotated[int, Field(ge=1)] = 1500
    fidelity: str | None = None
    share_properties: bool = False
    failure_rate: Expected share of failed evaluations before any was seen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: Literal["both", "fingerprints", "descriptors"] = "both"
    radius: Annotated[int, Field(ge=0, le=6)] = 2
    columns: Annotated[int, Field(ge=64, le=65536)] = 4096
    restarts: Annotated[int, Field(ge=1, le=32)] = 3
    chunk: Annotated[int, Field(ge=16)] = 2048
    exact_points: Annotated[int, Field(ge=1)] = 5000
    inducing_points: Annotated[int, Field(ge=1)] = 1500
    fidelity: str | None = None
    share_properties: bool = False
    failure_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05


class AcquisitionSettings(BaseModel):
    """How a batch is chosen.

    Attributes:
        method: `improvement` (qLogNEHVI, or qLogNEI for one objective), `max-variance` or `random`.
        samples: Quasi Monte Carlo samples of the posterior.
        shortlist: Candidates kept for the second and later choices of a batch; widened where its bound is not met.
        avoid_failures: Weight the acquisition with the probability that the evaluation succeeds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["improvement", "max-variance", "random"] = "improvement"
    samples: Annotated[int, Field(ge=8, le=4096)] = 128
    shortlist: Annotated[int, Field(ge=16)] = 512
    avoid_failures: bool = True
