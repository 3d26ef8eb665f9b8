"""Interface of learners."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mdcore.chem.settings import Settings
from surrogates.errors import Unsupported
from surrogates.features import Features
from surrogates.kernels import TablePair
from surrogates.models.property_model import PropertyModel
from surrogates.models.training import TrainingData
from surrogates.registry import LEARNERS
from surrogates.settings import SurrogateSettings


@dataclass(frozen=True)
class TrainingSet:
    """What a learner fits the model of one property to.

    Attributes:
        name: Registry name of the property.
        data: Standardised measurements of all tasks.
        n_tasks: Number of tasks: the property at the predicted fidelity, each further fidelity, each coupled property.
        tables: The feature table of all observed units, twice; its statistics are shared by the properties.
        seeds: Seeds of the random draws of the fit.
    """

    name: str
    data: TrainingData
    n_tasks: int
    tables: TablePair
    seeds: tuple[int, ...]

    @property
    def features(self) -> Features:
        """Features of all observed units, to whose rows `data.rows` refers."""
        return self.tables.left

    def rng(self, stream: int = 0) -> np.random.Generator:
        """Return a random generator; each stream has its own draws, the same in every fit to the same set."""
        return np.random.default_rng([*self.seeds, stream])


class Learner(Settings):
    """How the models of the properties are fitted: settings and fit. Each is one file and one entry in `LEARNERS`.

    Attributes:
        name: Registry name, the value of `surrogates.learner`.
        couples_tasks: Whether the model of a property also learns from measurements at other fidelities and of other properties
            (tasks above 0 of the data). Such data are refused if it does not.
        saves: Whether fitted models can be saved: models define `document`, and the learner `restore`.
    """

    name: ClassVar[str]
    couples_tasks: ClassVar[bool] = False
    saves: ClassVar[bool] = False

    @classmethod
    def of(cls, settings: SurrogateSettings) -> Self:
        """Return the learner with its settings: its entry in `learners`.

        Raises:
            ValueError: The settings are invalid (a pydantic `ValidationError`).
        """
        return cls.model_validate(dict(settings.learners.get(cls.name, {})))

    @abstractmethod
    def fit(self, training: TrainingSet) -> PropertyModel:
        """Fit the model of one property; without measurements, return its prior."""

    def restore(self, training: TrainingSet, document: Mapping[str, Any]) -> PropertyModel:
        """Rebuild a model from the same measurements and from what `PropertyModel.document` returned.

        Raises:
            Unsupported: Models of this learner cannot be saved.
        """
        raise Unsupported(f"models of learner {self.name!r} cannot be restored; fit them again")


def learner_of(settings: SurrogateSettings) -> Learner:
    """Return the learner that the settings name.

    Raises:
        PluginError: No learner has that name.
    """
    kind: type[Learner] = LEARNERS.look_up(settings.learner)
    return kind.of(settings)


def check_saves(learner: Learner) -> None:
    """Check that fitted models of a learner can be saved.

    Raises:
        Unsupported: They cannot.
    """
    if not learner.saves:
        raise Unsupported(f"models of learner {learner.name!r} cannot be saved; use a learner that can, such as gp")


def check_tasks(
    learner: Learner, name: str, fidelity: str, others: Collection[str], companions: Collection[str]
) -> None:
    """Check that a learner can use the data of a property.

    Args:
        learner: The learner.
        name: The property.
        fidelity: The predicted fidelity.
        others: Other fidelities with measurements of the property.
        companions: Other properties to couple.

    Raises:
        Unsupported: There are other fidelities or properties, and the learner does not couple them.
    """
    if learner.couples_tasks:
        return
    if others:
        raise Unsupported(
            f"learner {learner.name!r} learns from one fidelity, {fidelity!r}, but {name} was also measured at "
            f"{', '.join(map(repr, sorted(others)))}; leave these measurements out, or use learner gp"
        )
    if companions:
        raise Unsupported(
            f"learner {learner.name!r} cannot couple properties; set share_properties to false, or use learner gp"
        )
