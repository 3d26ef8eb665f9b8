"""Results of the DFT tier kept in a folder."""

import hashlib
import json
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock


class FolderCache(MutableMapping[str, str]):
    """Texts by key, one file each; safe for several processes, because files appear whole.

    Args:
        folder: Where the files are; made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Hold the right to compute one entry; other processes that ask for it wait until it is given back."""
        with FileLock(self._path(key).with_suffix(".lock")):
            yield

    def __getitem__(self, key: str) -> str:
        try:
            record = json.loads(self._path(key).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise KeyError(key) from None
        return str(record["text"])

    def __setitem__(self, key: str, value: str) -> None:
        path = self._path(key)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps({"key": key, "text": value}), encoding="utf-8")
        partial.replace(path)

    def __delitem__(self, key: str) -> None:
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._folder.glob("*.json")):
            yield str(json.loads(path.read_text(encoding="utf-8"))["key"])

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob("*.json"))
