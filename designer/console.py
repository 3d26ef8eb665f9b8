"""Tables and live views on a terminal."""

from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from designer.terminal import VisibleStream, visible


class VisibleConsole(Console):
    """A Rich console that escapes control characters in the printed text, but not its own.

    Brackets and colons in text, as in SMILES, are not interpreted as markup.
    """

    def __init__(self, *, file: TextIO | VisibleStream | None = None, **options: Any) -> None:
        settings = {"highlight": False, "markup": False, "emoji": False} | options
        super().__init__(file=file.raw if isinstance(file, VisibleStream) else file, **settings)

    @property
    def file(self) -> Any:
        """The output stream; standard error is looked up at each use."""
        stream = super().file
        return stream.raw if isinstance(stream, VisibleStream) else stream

    @file.setter
    def file(self, new: Any) -> None:
        self._file = new

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as `Console` does, with control characters escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def render_str(self, text: str, **options: Any) -> Text:
        """Convert a string to a Rich text, escaped before its width is measured."""
        return super().render_str(visible(text), **options)
