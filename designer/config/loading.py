"""Read a campaign from YAML; every mistake becomes one line that names the value, the rule and the remedy."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from designer.config.campaign import CampaignConfig
from designer.config.messages import one_line
from designer.config.plain_yaml import PlainNumberLoader
from designer.config.sections import ANSWERED
from designer.errors import InvalidConfig, MissingFile


class _UniqueKeyLoader(PlainNumberLoader):
    """Safe loader that refuses a key written twice, which YAML libraries otherwise accept silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                line = key_node.start_mark.line + 1
                raise InvalidConfig(f"line {line}: key {key!r} is written twice; keep one of them")
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_config(path: Path | str, *, answered: bool = False) -> CampaignConfig:
    """Read and check a campaign file.

    Args:
        path: The file.
        answered: A table answers instead of simulations, so that objectives need not be what these measure.

    Raises:
        MissingFile: There is no such file.
        InvalidConfig: The file is no YAML mapping, or breaks a rule of the models.
    """
    path = Path(path)
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise MissingFile(
            f"campaign file {str(path)!r} {kind}; give the path of a YAML file, see configs/quickstart.yaml"
        )
    try:
        # Not yaml.load of arbitrary objects: the loader derives from SafeLoader and builds plain data only.
        # Of a stream YAML's errors keep no piece of the text, which may hold a password.
        with path.open(encoding="utf-8") as stream:
            document = yaml.load(stream, Loader=_UniqueKeyLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise InvalidConfig(f"{path}: {place}: {error.problem}; correct the YAML there") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())
        raise InvalidConfig(f"{path}: not readable as YAML ({text}); write it as UTF-8 text") from error
    except InvalidConfig as error:
        raise InvalidConfig(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise InvalidConfig(
            f"{path}: holds {type(document).__name__}, not a mapping; write `name: ...` and the other keys"
        )
    return config_from_mapping(document, source=str(path), answered=answered)


def config_from_mapping(
    document: Mapping[str, Any], source: str = "configuration", *, answered: bool = False
) -> CampaignConfig:
    """Check a campaign given as plain data.

    Args:
        document: What a YAML file holds.
        source: How messages call it.
        answered: See `load_config`.

    Raises:
        InvalidConfig: It breaks a rule of the models.
    """
    try:
        return CampaignConfig.model_validate(dict(document), context={ANSWERED: answered})
    except ValidationError as error:
        raise InvalidConfig(f"{source}: {one_line(error, CampaignConfig)}") from error
