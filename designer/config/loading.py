"""Read a campaign from YAML; an error is one line with the value, the rule and the remedy."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from designer.config.campaign import CampaignConfig
from designer.config.messages import one_line
from designer.config.moved import MovedSetting, moved_settings
from designer.config.sections import ANSWERED, STORED
from designer.config.yaml_file import read_yaml
from designer.errors import InvalidConfig, MissingFile


def load_config(path: Path | str, *, answered: bool = False) -> CampaignConfig:
    """Read and check a campaign file.

    Args:
        path: The file.
        answered: Whether a table provides the values, so that objectives need not be properties that simulations measure.

    A setting under a key that it had in an earlier version is read, with a `MovedSetting` warning.

    Raises:
        MissingFile: There is no such file.
        InvalidConfig: The file is not a YAML mapping, or a value breaks a rule of the models.
    """
    path = Path(path)
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise MissingFile(
            f"campaign file {str(path)!r} {kind}; give the path of a YAML file, see configs/quickstart.yaml"
        )
    document = read_yaml(path)
    config = config_from_mapping(document, source=str(path), answered=answered)
    for note in moved_settings(document):
        warnings.warn(f"{path}: {note}", MovedSetting, stacklevel=2)
    return config


def config_from_mapping(
    document: Mapping[str, Any], source: str = "configuration", *, answered: bool = False
) -> CampaignConfig:
    """Check a campaign given as plain data.

    Args:
        document: What a YAML file holds.
        source: Name of the document in messages.
        answered: See `load_config`.

    Raises:
        InvalidConfig: It breaks a rule of the models.
    """
    return _validated(document, source, {ANSWERED: answered})


def stored_config(document: Mapping[str, Any], source: str) -> CampaignConfig:
    """Read the configuration that a store holds.

    The objectives are not checked again: they were accepted by an earlier version or by a backtest.

    Args:
        document: The configuration as it was stored.
        source: Name of the document in messages.

    Raises:
        InvalidConfig: It breaks another rule of the models.
    """
    return _validated(document, source, {ANSWERED: True, STORED: True})


def _validated(document: Mapping[str, Any], source: str, context: dict[str, bool]) -> CampaignConfig:
    try:
        return CampaignConfig.model_validate(dict(document), context=context)
    except ValidationError as error:
        raise InvalidConfig(f"{source}: {one_line(error, CampaignConfig)}") from error
