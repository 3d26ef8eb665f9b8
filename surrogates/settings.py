"""Settings of the surrogates and of the acquisition."""

from typing import Annotated, Literal

from pydantic import Field

from mdcore.chem.settings import Settings


class SurrogateSettings(Settings):
    """How the surrogates are built.

    Attributes:
        features: `fingerprints`, chemical `descriptors`, or both; the covariance has one part for each. `force-field` describes by a
            force field's parameters instead, and `all` is both with the force field's parameters beside the chemical descriptors.
        radius: Radius of the Morgan environments, in bonds.
        columns: Length to which the count fingerprint is folded.
        restarts: Starting points of the hyperparameter fit, the first one being the prior's mode.
        chunk: Rows predicted at a time; bounds the memory.
        exact_points: Measurements of a property up to which its posterior is exact; beyond, inducing points are used.
        inducing_points: Number of inducing points.
        fidelity: Fidelity that is predicted where the observations hold several; the others help through a learned coupling.
        share_properties: Let the other properties help each one through a learned coupling.
        radial: Shape of the covariance over descriptors, `matern` of smoothness 5/2 or `rbf`.
        trend: Whether the covariance has a linear part over descriptors.
        residual: What the features leave unexplained: `peculiar` to each polymer, so that a measured polymer has the value that was
            measured up to its standard error; or `noise`, so that its true value is taken to be the smooth one.
        failure_rate: Expected share of failed evaluations before any was seen.
    """

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


class AcquisitionSettings(Settings):
    """How a batch is chosen.

    Attributes:
        method: What is maximised, see below.
        samples: Quasi Monte Carlo samples of the base set.
        shortlist: Candidates kept for the second and later choices of a batch; widened where its bound is not met.
        reference: Reference point where the objectives give none: a tenth of the range below the `worst` measured unit, which
            rewards both ends of the front, or below the `nadir` of the front, the usual rule.
        optimism: Standard deviations added by `upper-bound`.
        avoid_failures: Weight the acquisition with the probability that the evaluation succeeds.
        conditioned: Each choice of a batch is made given those before it; otherwise the best candidates by themselves are taken.

    Methods: `expected` is the expected hypervolume improvement, exact over the candidate and sampled over noise and pending units;
    `front` the probability to join the front, which finds many of its points; `mixed` the geometric mean of both;
    `improvement` is qLogNEHVI (qLogNEI for one objective) by samples, as BoTorch computes it, with exchanges after the greedy
    choice; `upper-bound` is optimistic improvement; `thompson` follows one posterior draw for each choice; `target` is the
    probability that every objective lies in its region low to high; `max-variance` and `random` explore. An objective with a target
    value is always treated by samples.
    """

    method: Literal[
        "mixed",
        "expected",
        "front",
        "improvement",
        "upper-bound",
        "thompson",
        "target",
        "max-variance",
        "random",
    ] = "mixed"
    samples: Annotated[int, Field(ge=8, le=4096)] = 32
    shortlist: Annotated[int, Field(ge=16)] = 512
    reference: Literal["worst", "nadir"] = "worst"
    optimism: Annotated[float, Field(ge=0)] = 2.0
    avoid_failures: bool = True
    conditioned: bool = True
