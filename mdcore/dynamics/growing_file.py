"""A file that a run appends to and truncates where it resumes."""

import os
from pathlib import Path
from typing import IO


class GrowingFile:
    """A file with a header and frames of one size.

    A run that was killed leaves frames behind its last checkpoint, the last of them possibly incomplete. `truncate` removes them, so
    that the resumed run writes each of them once.

    Args:
        path: The file.
        header_bytes: Length of the header.
        frame_bytes: Length of one frame.
    """

    def __init__(self, path: Path, header_bytes: int, frame_bytes: int) -> None:
        self.path = path
        self._header_bytes, self._frame_bytes = header_bytes, frame_bytes
        self._stream: IO[bytes] | None = None

    @property
    def stream(self) -> IO[bytes]:
        """Stream of the open file.

        Raises:
            ValueError: It is not open.
        """
        if self._stream is None:
            raise ValueError(f"{self.path} is not open; open it before writing")
        return self._stream

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._stream is not None

    @property
    def n_stored(self) -> int:
        """Number of complete frames on disk."""
        stored = self.path.stat().st_size if self.path.exists() else 0
        return max(0, stored - self._header_bytes) // self._frame_bytes

    def truncate(self, n: int) -> None:
        """Keep the first `n` frames of at least as many, `n` at least 1."""
        with self.path.open("r+b") as stream:
            stream.truncate(self._header_bytes + n * self._frame_bytes)

    def open(self, *, append: bool) -> IO[bytes]:
        """Open the file at its end, or an empty file, and return the stream, which this object closes."""
        self.close()
        self._stream = self.path.open("r+b" if append else "wb")
        self._stream.seek(0, os.SEEK_END)
        return self._stream

    def sync(self) -> None:
        """Synchronise what was written to disk, before a checkpoint that refers to it."""
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
