"""The option `--set`: settings as `section.key=value` texts."""

from collections.abc import Iterable
from typing import Any

import yaml

from designer.config.plain_yaml import plain_value
from designer.errors import InvalidRequest


def assign(document: dict[str, Any], overrides: Iterable[str], example: str) -> None:
    """Write overrides into a document of settings.

    Args:
        document: Changed in place; sections are created.
        overrides: Texts such as `protocol.temperature_K=350`.
        example: A valid one, for messages.

    Raises:
        InvalidRequest: A text is not an assignment, names no section, or has an invalid value.
    """
    for text in overrides:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise InvalidRequest(f"--set {text!r} is not an assignment; write it as {example}")
        *sections, key = path.split(".")
        place = document
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise InvalidRequest(f"--set {text!r} does not name a section; see designer schema")
        try:
            place[key] = plain_value(value)
        except yaml.YAMLError as error:
            raise InvalidRequest(f"--set {text!r} has an invalid value; write a number, text or list") from error
