"""Common parts of the properties from a cooling scan: the stairs of all cells, refusals."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property, Request

if TYPE_CHECKING:
    from mdcore.dynamics.recorded import RunRecord
    from mdcore.estimate import Estimate, Scan
    from mdcore.properties.evidence import Evidence
    from mdcore.protocols import CoolingScan

Branch = Literal["glass", "melt"]
COOLING_SCAN = "cooling_scan"
NEEDS = Needs(runs=(COOLING_SCAN,))


def scan_of(cells: "Sequence[Evidence]") -> "Scan":
    """Return the scan of one or more independent cells, cached in the first one.

    Raises:
        NotRecorded: A run lacks the stairs.
    """
    return cells[0].once(
        f"cooling scan of {len(cells)} cells", lambda: scan_of_runs([cell.run(COOLING_SCAN) for cell in cells])
    )


def scan_of_runs(runs: "Sequence[RunRecord]") -> "Scan":
    """Return the scan of the runs of independent cells.

    Args:
        runs: One for each cell, of the same protocol.

    Raises:
        NotRecorded: A run lacks the stairs.
    """
    from mdcore.estimate import Scan, average_stairs, enthalpy_kj_mol
    from mdcore.protocols.cooling_scan import STAIR, scan_rate_k_per_ps

    stairs = []
    for run in runs:
        rows = run.role(STAIR)
        volume = rows.array("volume_nm3")
        enthalpy = enthalpy_kj_mol(
            rows.array("potential_kj_mol"), rows.array("kinetic_kj_mol"), volume, rows.targets.pressure_atm
        )
        stairs.append(
            average_stairs(
                rows.targets.temperature_K, rows.array("density_g_cm3"), volume, enthalpy, run.bundle.n_atoms
            )
        )
    return Scan(tuple(stairs), scan_rate_k_per_ps(runs[0].stages))


def expansion(branch: "Branch", spec: PropertySpec, *, linear: bool) -> Property:
    """Return the property of the thermal expansion of the glass or of the melt, the slope of ln v far from the glass transition.

    Args:
        branch: `glass` or `melt`.
        spec: Its specification.
        linear: Whether it is the linear expansion, a third of the volumetric one.
    """

    def joint(cells: "Sequence[Evidence]") -> "Estimate":
        from mdcore.estimate import Estimate, scan_expansion

        found = scan_expansion(scan_of(cells), branch)
        return Estimate(found.value / 3.0, found.stderr / 3.0) if linear else found

    return Property.of_cells(spec, joint, needs=NEEDS, refuses=refuses(spec.name))


def refuses(name: str) -> Callable[[Request], str | None]:
    """Return the refusal of a property: substances without a glass, and scans without melt or glass.

    Args:
        name: Name of the property.
    """
    return lambda request: _why_not(name, request, _too_narrow)


def refuses_density(request: Request) -> str | None:
    """Return the refusal of the density: substances without a glass, and ranges that leave out the temperature of the measurement."""
    return _why_not("scan_cooled_density", request, _left_out)


def _why_not(name: str, request: Request, check: "Callable[[CoolingScan, Request], str | None]") -> str | None:
    from pydantic import ValidationError

    from mdcore.protocols import CoolingScan

    if request.substance is not None and not request.substance.is_glass:
        return f"{name} is defined for substances that form a glass, got {request.substance.label}; leave it out"
    try:
        scan = CoolingScan.of(request.settings)
    except ValidationError:
        return None  # the plan reports it with the name of the setting
    return check(scan, request)


def _too_narrow(scan: "CoolingScan", request: Request) -> str | None:
    return scan.why_too_narrow(request.substance, request.settings.protocol.temperature_K)


def _left_out(scan: "CoolingScan", request: Request) -> str | None:
    temperature = request.settings.protocol.temperature_K
    stairs = scan.temperatures_k(request.substance, temperature)
    if stairs[-1] <= temperature <= stairs[0]:
        return None
    return (
        f"simulation.protocols.cooling_scan from {stairs[0]:g} to {stairs[-1]:g} K leaves out protocol.temperature_K "
        f"{temperature:g}; widen hottest_K and coldest_K"
    )
