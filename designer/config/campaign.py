"""The model of a campaign file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from designer.config.base import Section
from designer.config.cluster import AnyCluster, LocalClusterSettings
from designer.config.document import full_document, minimal_document
from designer.config.generators import AnyGenerator, NGramSMCSettings
from designer.config.identity import campaign_identity, settings_digest
from designer.config.messages import NAME_PATTERN
from designer.config.moved import with_moved_settings
from designer.config.sections import (
    CorpusInitial,
    InitialSettings,
    LimitSettings,
    ListInitial,
    ObjectiveSettings,
    PriorInitial,
    SimulationSection,
    StopSettings,
    SurrogateSection,
    is_stored,
    measurable_property,
)
from designer.redact import holds_password
from designer.store_url import StoreURL
from generators import CorpusSettings, Filters
from mdcore.optics import OpticsSettings
from mdcore.settings import SimulationSettings
from surrogates import AcquisitionSettings, Constraint, Objective

MAX_OBJECTIVES = 4
"""The front's complement is divided into boxes for each posterior sample, whose number grows exponentially: a front of 50 points took
0.2 s a sample with four objectives and 8 s with five, one of 20 points 11 s with six and more than 30 s with seven; a choice takes 32
samples."""


class CampaignConfig(Section):
    """Everything that defines a campaign.

    Attributes:
        name: Name of the campaign in its store, and of its folder under `runs/`.
        seed: Seed of all random draws, each of which also depends on what is drawn.
        objectives: Properties to maximise, to minimise or to bring to a target.
        limits: Allowed ranges of properties, whether simulated or predicted.
        constraints: Filters that a proposed repeat unit must pass.
        novelty: `required`: proposed repeat units must not be in the corpus; `allowed`: they may be.
        corpus: Training data of the language model.
        generator: How candidates are proposed.
        surrogates: Surrogate models of the properties.
        acquisition: How the next candidate is chosen.
        simulation: How a candidate is measured.
        optics: Source of the molar refractions for refractive index and Abbe number; DFT runs in parallel with the simulations.
        initial: The first evaluations, which are not chosen by the surrogates.
        cluster: Where simulations run.
        stop: Stopping criteria.
        folder: Folder of the campaign; `runs/NAME` by default.
        store: Path of an SQLite file, or `postgresql://USER:PASSWORD@HOST/DATABASE`; `store.sqlite` in the folder by default.
    """

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    seed: Annotated[int, Field(ge=0)] = 0
    objectives: Annotated[tuple[ObjectiveSettings, ...], Field(min_length=1)]
    limits: tuple[LimitSettings, ...] = ()
    constraints: Filters = Filters()
    novelty: Literal["required", "allowed"] = "required"
    corpus: CorpusSettings = CorpusSettings()
    generator: AnyGenerator = NGramSMCSettings()
    surrogates: SurrogateSection = SurrogateSection()
    acquisition: AcquisitionSettings = AcquisitionSettings()
    simulation: SimulationSection = SimulationSection()
    optics: OpticsSettings = OpticsSettings(kind="additive")
    initial: InitialSettings = PriorInitial()
    cluster: AnyCluster = LocalClusterSettings()
    stop: StopSettings
    folder: str | None = None
    store: StoreURL | None = None

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, document: Any) -> Any:
        return with_moved_settings(document)

    @field_validator("cluster", mode="before")
    @classmethod
    def _local_by_default(cls, cluster: Any) -> Any:
        return {"kind": "local", **cluster} if isinstance(cluster, Mapping) else cluster

    @field_validator("generator", mode="before")
    @classmethod
    def _ngram_by_default(cls, generator: Any) -> Any:
        return {"kind": "ngram_smc", **generator} if isinstance(generator, Mapping) else generator

    @field_validator("objectives")
    @classmethod
    def _distinct(
        cls, objectives: tuple[ObjectiveSettings, ...], info: ValidationInfo
    ) -> tuple[ObjectiveSettings, ...]:
        names = [objective.property for objective in objectives]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"property {name!r} has two objectives; keep one of them")
        if len(objectives) > MAX_OBJECTIVES and not is_stored(info):
            raise ValueError(
                f"at most {MAX_OBJECTIVES} objectives are supported, since the cost of the hypervolume grows exponentially, got "
                f"{len(objectives)}; keep the most important ones and turn the others into limits"
            )
        return objectives

    @field_validator("limits")
    @classmethod
    def _one_each(cls, limits: tuple[LimitSettings, ...]) -> tuple[LimitSettings, ...]:
        names = [limit.property for limit in limits]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"property {name!r} has two limits; give low and high in one entry")
        return limits

    @model_validator(mode="after")
    def _measurable(self, info: ValidationInfo) -> "CampaignConfig":
        if not self.measured_outside:
            for objective in self.objectives:
                measurable_property(objective.property, info)
        return self

    @model_validator(mode="after")
    def _list_goes_with_the_rest(self) -> "CampaignConfig":
        if isinstance(self.initial, CorpusInitial) and self.generator.listed():
            raise ValueError(
                f"initial.kind corpus draws repeat units from the corpus, generator.kind {self.generator.kind} only from its list; "
                "use prior or list"
            )
        label, listed, most = self.undescribed(), self.initial.evaluations, self.stop.evaluations
        if label is not None and (most is None or most > listed):
            raise ValueError(
                f"initial.substances: {label!r} has no repeat units, so that the surrogates cannot learn from it, and such a campaign "
                f"evaluates its list only; write stop.evaluations {listed}, or remove it"
            )
        return self

    @model_validator(mode="after")
    def _fits_the_store(self) -> "CampaignConfig":
        limit = 2**31 if self.store_url().path is None else 2**63
        if self.seed >= limit:
            raise ValueError(f"seed must be below {limit} for this store, got {self.seed}")
        return self

    @field_validator("folder")
    @classmethod
    def _no_address(cls, folder: str | None) -> str | None:
        if folder is not None and not folder.strip():
            raise ValueError(f"folder must be the path of a folder, got {folder!r}; correct it, or omit the key")
        if folder is not None and ("://" in folder or holds_password(folder)):
            raise ValueError("folder must be a path, got an address; give the address of a store with `store`")
        return folder

    @property
    def campaign_folder(self) -> Path:
        """Folder that holds the store, the evaluations and the report."""
        return Path(self.folder) if self.folder else Path("runs") / self.name

    def store_url(self) -> StoreURL:
        """Return where the store is."""
        return self.store or StoreURL.of_path(self.campaign_folder / "store.sqlite")

    def undescribed(self) -> str | None:
        """Return the label of the first listed substance that has no features; such a campaign evaluates its list only."""
        if not isinstance(self.initial, ListInitial) or not self.initial.substances:
            return None
        return next((one.label for one in self.initial.listed() if one.composition is None), None)

    @property
    def measured_outside(self) -> bool:
        """Whether all measurements are made outside and nothing is simulated."""
        return self.cluster.recorded_fidelity is not None

    def fidelity(self) -> str:
        """Return the fidelity of this campaign's own measurements."""
        recorded = self.cluster.recorded_fidelity
        return self.simulation_settings().fidelity if recorded is None else recorded

    def properties(self) -> tuple[str, ...]:
        """Return the properties that each evaluation measures, those of the objectives first."""
        if self.measured_outside:
            return tuple(o.property for o in self.objectives)
        return tuple(dict.fromkeys([*(o.property for o in self.objectives), *self.simulation.properties]))

    def modelled(self) -> tuple[str, ...]:
        """Return the properties that the surrogates predict: the measured and the limited ones."""
        return tuple(dict.fromkeys([*self.properties(), *(limit.property for limit in self.limits)]))

    def limit_list(self) -> tuple[Constraint, ...]:
        """Return the limits as the surrogates take them."""
        return tuple(limit.constraint() for limit in self.limits)

    def objective_list(self) -> tuple[Objective, ...]:
        """Return the objectives as the surrogates take them."""
        return tuple(o.objective() for o in self.objectives)

    def simulation_settings(self) -> SimulationSettings:
        """Return the simulation settings, with the threads that the cluster gives each simulation."""
        settings = self.simulation.settings()
        if settings.execution.threads is not None:
            return settings
        execution = settings.execution.model_copy(update={"threads": self.cluster.threads_per_worker})
        return settings.model_copy(update={"execution": execution})

    def document(self) -> dict[str, Any]:
        """Return the configuration in JSON types; see `designer.config.document`."""
        return full_document(self)

    def minimal_document(self) -> dict[str, Any]:
        """Return `document` without the values that equal their defaults."""
        return minimal_document(self)

    def identity(self) -> dict[str, Any]:
        """Return what must not change between two runs of one campaign; see `designer.config.identity`."""
        return campaign_identity(self)

    def settings_digest(self) -> str:
        """Return a digest of the simulation settings and measured properties: equal digests measure the same thing."""
        return settings_digest(self)
