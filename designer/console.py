"""Tables and live views on a terminal."""

from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from designer.terminal import VisibleStream, visible


class VisibleConsole(Console):
    """Rich's console whose own colours and moves reach the terminal, while those in the text it prints are shown.

    Brackets and colons in text, as in SMILES, mean nothing else.
    """

    def __init__(self, *, file: TextIO | VisibleStream | None = None, **options: Any) -> None:
        settings = {"highlight": False, "markup": False, "emoji": False} | options
        super().__init__(file=file.raw if isinstance(file, VisibleStream) else file, **settings)

    @property
    def file(self) -> Any:
        """The stream written to; standard error is that of the moment."""
        stream = super().file
        return stream.raw if isinstance(stream, VisibleStream) else stream

    @file.setter
    def file(self, new: Any) -> None:
        self._file = new

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as `Console` does, with the text made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a plain string, made visible before its width is measured."""
        return super().render_str(visible(text), **options)
