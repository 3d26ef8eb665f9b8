"""The result of a simulation, and its form on disk."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mdcore.chem.records import Failure, Measurement


@dataclass(frozen=True)
class SimulationResult:
    """What a finished simulation measured.

    Attributes:
        measurements: One per property that was asked for.
        diagnostics: Numbers that tell how far to trust them: convergence, drift, speed, size.
        provenance: What is needed to reproduce it, in JSON types.
    """

    measurements: tuple[Measurement, ...]
    diagnostics: Mapping[str, Any]
    provenance: Mapping[str, Any]


def write_result(path: Path, identity: str, outcome: SimulationResult | Failure) -> None:
    """Write an outcome atomically, with the identity of what was asked."""
    kind = "failure" if isinstance(outcome, Failure) else "result"
    part = path.with_name(path.name + ".part")
    with part.open("w") as stream:
        json.dump({"identity": identity, kind: asdict(outcome)}, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def read_result(path: Path, identity: str) -> SimulationResult | Failure | None:
    """Return the outcome on disk if it answers the same question, else None."""
    if not path.exists():
        return None
    document = json.loads(path.read_text())
    if document.get("identity") != identity:
        return None
    if "failure" in document:
        return Failure(**document["failure"])
    stored = document["result"]
    measurements = tuple(Measurement(**one) for one in stored["measurements"])
    return SimulationResult(measurements, stored["diagnostics"], stored["provenance"])
