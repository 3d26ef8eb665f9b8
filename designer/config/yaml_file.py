"""Read a YAML file as plain data; an error is one line with a remedy."""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from designer.config.plain_yaml import PlainNumberLoader
from designer.errors import InvalidConfig

MAX_BYTES = 1_000_000
"""Largest file that is read; a campaign file has a few kB."""
MAX_VALUES = 100_000
"""Maximum number of values in a file after its aliases are expanded."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[^\s,'\"#{}]*\*[^\s,'\"#{}]*")


class _UniqueKeyLoader(PlainNumberLoader):
    """Safe loader that rejects duplicate keys, which YAML libraries accept silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                line = key_node.start_mark.line + 1
                raise InvalidConfig(f"line {line}: duplicate key {key!r}; remove one of the two")
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> dict[Any, Any]:
    """Return the mapping that a file holds.

    Raises:
        InvalidConfig: It cannot be read, is not YAML, or holds something else.
    """
    text = _text(path)
    try:
        # The loader derives from SafeLoader and builds plain data only.
        document = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506
        _check_size(document)
    except yaml.MarkedYAMLError as error:
        raise InvalidConfig(f"{path}: {_described(error, text)}") from None
    except yaml.YAMLError as error:
        raise InvalidConfig(
            f"{path}: not valid YAML ({' '.join(str(error).split())}); remove the offending text"
        ) from None
    except RecursionError:
        raise InvalidConfig(f"{path}: brackets are nested too deeply; a campaign file has only a few levels") from None
    except InvalidConfig as error:
        raise InvalidConfig(f"{path}: {error}") from None
    if not isinstance(document, dict):
        held = {"NoneType": "nothing", "list": "a list", "str": "a text"}.get(type(document).__name__, "a single value")
        raise InvalidConfig(f"{path}: contains {held} instead of a mapping; write `name: ...` and the other keys")
    return document


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidConfig(f"{path} has {path.stat().st_size} bytes; a campaign file has at most {MAX_BYTES}")
        content = path.read_bytes()
    except OSError as error:
        raise InvalidConfig(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(f"{path}: line {line} is not UTF-8 text; save the file as UTF-8") from error


def _described(error: yaml.MarkedYAMLError, text: str) -> str:
    """Describe an error without the text that it quotes, which may contain a password."""
    mark, problem = error.problem_mark, error.problem or "not YAML"
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
    bare = _QUOTED.sub("", line)
    if "alias" in str(error.context) or "alias" in problem or "*" in bare:
        shown = repr(_starred(bare) or "*CC*")
        return f"{place}: text that starts with * is an alias in YAML; put repeat units in quotes: {shown}"
    remedies = {
        "'\\t'": "YAML is indented with spaces, not tabs; replace the tab",
        "mapping values are not allowed": "a second `:` in a line; put text that contains one in quotes, and each key on its own line",
        "another document": "`---` starts a second document; a campaign file holds one",
        "constructor for the tag": "tags such as !!python are not supported; write plain values",
        "unexpected end of stream": "a quote or bracket is not closed; close it",
        "expected ',' or": f"{problem}; close the bracket, or put a comma between the entries",
    }
    remedy = next((found for sign, found in remedies.items() if sign in problem), f"{problem}; correct the YAML there")
    return f"{place}: {remedy}"


def _starred(line: str) -> str | None:
    """Return the first word of a line that could be a repeat unit."""
    word = next(iter(_WORD.findall(line)), "")
    while word.count("[") > word.count("]") and word.startswith("["):
        word = word[1:]
    while word.count("]") > word.count("[") and word.endswith("]"):
        word = word[:-1]
    return None if not word or re.search(r"[@/]|:(?!\d\])", word) else word


def _check_size(document: object) -> None:
    """Reject aliases that contain themselves or expand to too many values.

    Raises:
        InvalidConfig: There is such an alias.
    """
    sizes: dict[int, int] = {}
    above: set[int] = set()

    def size(value: object) -> int:
        if not isinstance(value, dict | list):
            return 1
        if id(value) in above:
            raise InvalidConfig("an alias refers to itself; write the values out")
        if id(value) not in sizes:
            above.add(id(value))
            parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
            sizes[id(value)] = 1 + sum(size(part) for part in parts)
            above.discard(id(value))
        if sizes[id(value)] > MAX_VALUES:
            raise InvalidConfig(f"has more than {MAX_VALUES} values after its aliases are expanded; shorten it")
        return sizes[id(value)]

    size(document)
