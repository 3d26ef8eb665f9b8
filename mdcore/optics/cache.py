"""Cache of DFT results in a folder."""

import hashlib
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from mdcore.chem.damage import ensure_folder, reading, set_aside
from mdcore.chem.errors import DamagedFile
from mdcore.chem.sealed import read_sealed, write_sealed


class FolderCache(MutableMapping[str, str]):
    """Texts by key, one file each; safe for concurrent processes, because files are written atomically.

    Args:
        folder: Folder of the files; created if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        ensure_folder(folder)
        self._folder = folder

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Acquire the lock of one entry; other processes that request it wait until it is released."""
        with FileLock(self._path(key).with_suffix(".lock")):
            yield

    def __getitem__(self, key: str) -> str:
        record = self._read(self._path(key))
        if record is None:
            raise KeyError(key)
        return record["text"]

    def __setitem__(self, key: str, value: str) -> None:
        write_sealed(self._path(key), {"key": key, "text": value})

    def __delitem__(self, key: str) -> None:
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._folder.glob("*.json")):
            if (record := self._read(path)) is not None:
                yield record["key"]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self, path: Path) -> dict[str, str] | None:
        """Return an entry, or None if it is missing or damaged; a damaged one is set aside and has to be recomputed."""
        if not path.exists() and not path.is_symlink():
            return None
        try:
            record = read_sealed(path)
            with reading(path):
                return {"key": str(record["key"]), "text": str(record["text"])}
        except DamagedFile as error:
            with suppress(FileNotFoundError):  # removed by another process
                set_aside(error)
            return None
