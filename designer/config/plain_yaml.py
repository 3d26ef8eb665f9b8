"""YAML in which numbers are read as they are written."""

import re
from typing import Any

import yaml

from designer.errors import InvalidConfig
from mdcore.chem.numbers import has_underscores

_OTHER_BASE = re.compile(r"[-+]?(0[0-9]+|\d[\d]*(:[0-5]?\d)+(\.\d*)?)")


class PlainNumberLoader(yaml.SafeLoader):
    """Safe loader that rejects numbers which YAML 1.1 reads in an unexpected way.

    `1_13` would be 113, `017` would be 15 and `1:30` would be 90.
    """

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Return a whole number in decimal notation, or one marked as hexadecimal or binary."""
        _refuse(node)
        return int(super().construct_yaml_int(node))

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        """Return a number in decimal notation."""
        _refuse(node)
        return float(super().construct_yaml_float(node))


PlainNumberLoader.add_constructor("tag:yaml.org,2002:int", PlainNumberLoader.construct_yaml_int)
PlainNumberLoader.add_constructor("tag:yaml.org,2002:float", PlainNumberLoader.construct_yaml_float)


def plain_value(text: str) -> Any:
    """Parse the value of an option such as `--set key=VALUE` as YAML.

    Raises:
        yaml.YAMLError: It is not YAML.
        InvalidConfig: It is a number that YAML 1.1 reads in an unexpected way.
    """
    return yaml.load(text, Loader=PlainNumberLoader)  # noqa: S506 - derived from SafeLoader, builds plain data only


def _refuse(node: yaml.ScalarNode) -> None:
    text = str(node.value)
    if has_underscores(text) or _OTHER_BASE.fullmatch(text):
        line = node.start_mark.line + 1
        comma = "; if it follows a decimal comma, use a decimal point" if text.startswith("0") else ""
        raise InvalidConfig(
            f"line {line}: {text} is not a plain decimal number; write it with digits only, or in quotes if it is text{comma}"
        )
