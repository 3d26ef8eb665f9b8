"""Folders as archives, for workers that do not share the campaign's folder."""

import io
import tarfile
from pathlib import Path

from mdcore.chem.files import write_whole

LEFT_OUT = (".lock",)


def pack(folder: Path) -> bytes:
    """Return the files of a folder as a compressed archive; files that are being written are left out."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix != ".part" and path.name not in LEFT_OUT:
                try:
                    data = path.read_bytes()
                except FileNotFoundError:
                    continue  # a checkpoint that was just replaced or a run that has just ended
                entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Write the files of an archive into a folder, each atomically; nothing can be written outside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for entry in archive:
            # The filter of the standard library rejects links, devices and paths outside the folder.
            safe = tarfile.data_filter(entry, str(folder))
            content = archive.extractfile(entry) if safe.isfile() else None
            if content is None:
                continue
            path = folder / safe.name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content.read())
