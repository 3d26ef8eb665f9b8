"""Saving and loading of fitted surrogates as JSON: observations, settings, and what the fit determined."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mdcore.chem import MDCoreError
from mdcore.chem.damage import UNREADABLE
from mdcore.chem.errors import DamagedFile
from mdcore.chem.mixture import read_composition
from mdcore.chem.sealed import read_sealed, write_sealed
from surrogates.errors import SurrogatesError, UnreadableModel
from surrogates.models.learner import check_saves, learner_of
from surrogates.models.surrogate_set import SurrogateSet, UnitFeatures, fit_surrogates
from surrogates.observations import Observations
from surrogates.registry import LEARNERS
from surrogates.settings import GP, SurrogateSettings

FORMAT = "polymer-designer surrogates 2"


def save_surrogates(surrogates: SurrogateSet, path: Path) -> None:
    """Write fitted surrogates to a JSON file; a custom featuriser is not stored and must be passed to `load_surrogates`.

    Raises:
        Unsupported: Models of this learner cannot be saved.
    """
    check_saves(learner_of(surrogates.settings))
    observations = surrogates.observations
    document = {
        "format": FORMAT,
        "properties": surrogates.properties,
        "settings": surrogates.settings.model_dump(mode="json"),
        "seed": surrogates.seed,
        "units": [unit.document for unit in observations.units],
        "values": {name: _numbers(column) for name, column in observations.values.items()},
        "stderrs": {name: _numbers(column) for name, column in observations.stderrs.items()},
        "failed": observations.failed.tolist(),
        "fidelities": observations.fidelities,
        "hyperparameters": {model.name: model.document() for model in surrogates.models},
    }
    write_sealed(path, document)


def load_surrogates(path: Path, featurise: UnitFeatures | None = None) -> SurrogateSet:
    """Read surrogates that `save_surrogates` wrote; predictions are the same as before saving, without a new fit.

    Raises:
        UnreadableModel: The file does not exist, does not contain surrogates of this version, or its learner is not installed.
    """
    try:
        document = read_sealed(path)
    except DamagedFile as error:
        raise UnreadableModel(f"{path} cannot be read as surrogates ({error.problem}); fit them again") from error
    except OSError as error:
        raise UnreadableModel(f"{path} cannot be read as surrogates ({error.strerror}); fit them again") from error
    if document.get("format") != FORMAT:
        raise UnreadableModel(f"{path} does not have the format {FORMAT!r}; fit the surrogates again")
    try:
        learner = document["settings"].get("learner", GP)
        if learner not in LEARNERS:
            raise UnreadableModel(
                f"{path} was fitted with learner {learner!r}, which is not installed; install its plug-in"
            )
        return _rebuilt(document, featurise)
    except UnreadableModel:
        raise
    except (*UNREADABLE, ArithmeticError, SurrogatesError, MDCoreError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UnreadableModel(f"{path} cannot be read as surrogates ({reason}); fit them again") from error


def _rebuilt(document: Mapping[str, Any], featurise: UnitFeatures | None) -> SurrogateSet:
    observations = Observations(
        tuple(read_composition(one) for one in document["units"]),
        {name: _array(column) for name, column in document["values"].items()},
        {name: _array(column) for name, column in document["stderrs"].items()},
        np.array(document["failed"], dtype=bool),
        tuple(document["fidelities"]),
    )
    settings = SurrogateSettings.model_validate(document["settings"])
    fitted = document["hyperparameters"]
    return fit_surrogates(observations, document["properties"], settings, int(document["seed"]), featurise, fitted)


def _numbers(column: Any) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in column]


def _array(column: list[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in column])
