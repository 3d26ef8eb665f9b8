"""Escaping of control characters in terminal output.

Names, structures and messages come from files, stores and other machines. Escape sequences in them could recolour or hide text in a
terminal, carriage returns could overwrite it, and direction marks could reorder it.
"""

import re
from collections.abc import Iterable
from typing import Any, TextIO

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters except tab and line feed, direction marks, and the line separators of Unicode."""


def visible(text: str) -> str:
    r"""Return text with `\x1b` for an escape character, and so on for other control characters."""
    return _CONTROL.sub(_escape, text)


def visible_json(document: str) -> str:
    r"""Return a JSON document with `\u009b` for such a character: the same document, since only its strings hold any."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


class VisibleStream:
    """A text stream that escapes control characters with `visible`; all else is delegated to the given stream.

    Attributes:
        raw: That stream.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def write(self, text: str) -> int:
        """Write text; return its length, as streams do."""
        self.raw.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
