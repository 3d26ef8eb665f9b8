"""The result of a simulation, and its form on disk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mdcore.chem.damage import reading, set_aside
from mdcore.chem.display import html_table, with_error
from mdcore.chem.errors import DamagedFile
from mdcore.chem.naming import measured_label
from mdcore.chem.properties import property_spec
from mdcore.chem.records import Failure, Measurement
from mdcore.chem.sealed import read_sealed, write_sealed


@dataclass(frozen=True)
class SimulationResult:
    """Measurements of a finished simulation.

    Attributes:
        measurements: One per requested property that the data determine, at least one.
        diagnostics: Indicators of reliability: convergence, drift, speed, size.
        provenance: Data needed to reproduce it, in JSON types.
        not_determined: Reasons by name of the requested properties that the data do not determine.
    """

    measurements: tuple[Measurement, ...]
    diagnostics: Mapping[str, Any]
    provenance: Mapping[str, Any]
    not_determined: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the measured values, without diagnostics and provenance."""
        values = [f"{m.property}={with_error(m.value, m.stderr)} {m.unit}" for m in self.measurements]
        return f"SimulationResult({', '.join([*values, *(f'{name} not determined' for name in self.not_determined)])})"

    def _repr_html_(self) -> str:
        """Return a table of the measured values, for notebooks."""
        rows = [(measured_label(m), with_error(m.value, m.stderr), m.unit, m.fidelity) for m in self.measurements]
        rows += [
            (property_spec(name).label, "not determined", "", reason) for name, reason in self.not_determined.items()
        ]
        return html_table(("property", "value", "unit", "fidelity"), rows)


def write_result(path: Path, identity: str, outcome: SimulationResult | Failure) -> None:
    """Write an outcome atomically with the identity of its request, and synchronise it to disk."""
    kind = "failure" if isinstance(outcome, Failure) else "result"
    write_sealed(path, {"identity": identity, kind: asdict(outcome)})


def read_result(
    path: Path, identity: str, older: str | None = None, fidelity: str | None = None
) -> SimulationResult | Failure | None:
    """Return the outcome on disk if it belongs to the same request, else None; a damaged file is set aside.

    Args:
        path: The file.
        identity: Digest of the request.
        older: Identity of the same request in an earlier version, if it could express it.
        fidelity: Fidelity of the measurements, which earlier versions may have named differently.

    Raises:
        OSError: The machine could not read it.
    """
    if not path.exists() and not path.is_symlink():
        return None
    try:
        document = read_sealed(path)
        if (found := document.get("identity")) != identity and (older is None or found != older):
            return None
        with reading(path):
            if "failure" in document:
                return Failure(**document["failure"])
            stored = document["result"]
            renamed = {} if fidelity is None else {"fidelity": fidelity}
            measurements = tuple(Measurement(**one | renamed) for one in stored["measurements"])
            return SimulationResult(
                measurements,
                dict(stored["diagnostics"]),
                dict(stored["provenance"]),
                dict(stored.get("not_determined", {})),
            )
    except DamagedFile as error:
        set_aside(error)
        return None
