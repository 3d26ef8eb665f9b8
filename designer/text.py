"""Formatting of numbers and times."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from mdcore.chem import Measurement, property_spec
from mdcore.chem.display import with_error
from mdcore.chem.naming import at_density, measured_symbol

__all__ = [
    "duration",
    "grouped_reasons",
    "measured_text",
    "outcome_texts",
    "shortened",
    "timestamp",
    "told_in_quarters",
    "with_error",
]


def outcome_texts(measurements: Iterable[Measurement], not_determined: Iterable[str]) -> list[str]:
    """Return measurements as texts, followed by the properties that the evaluation does not determine."""
    missing = (f"{property_spec(name).symbol} not determined" for name in not_determined)
    return [*map(measured_text, measurements), *missing]


def grouped_reasons(not_determined: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names of properties by the reason for which they are not determined; those of one run often share it."""
    names: dict[str, list[str]] = {}
    for name, reason in not_determined.items():
        names.setdefault(reason, []).append(name)
    return names


def measured_text(measurement: Measurement) -> str:
    """Return a measurement as `ρ_cell 0.981 ± 0.026 g/cm3` or, with the density it belongs to, `n_D 1.584 ± 0.025 at ρ_slow 1.037`."""
    unit = "" if measurement.unit == "1" else f" {measurement.unit}"
    density = at_density(measurement)
    at = "" if density is None else f" at {density.symbol} {density.value_g_cm3:.4g}"
    return f"{measured_symbol(measurement)} {with_error(measurement.value, measurement.stderr)}{unit}{at}"


def duration(seconds: float) -> str:
    """Return a duration with its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60} s"
    if total < 86400:
        return f"{total // 3600} h {total % 3600 // 60} min"
    return f"{total // 86400} d {total % 86400 // 3600} h"


def timestamp(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC to the second, `2026-03-31T14:05:09Z`; None stays None.

    Args:
        seconds: Seconds since the epoch.
    """
    return None if seconds is None else datetime.fromtimestamp(round(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shortened(text: str, width: int) -> str:
    """Return text shortened to at most `width` characters by omitting its middle."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def told_in_quarters(what: str, note: Callable[[str], None]) -> Callable[[float], None]:
    """Return a progress callback that prints a line for each quarter, and none if the work is finished at once."""
    told = 0

    def progress(fraction: float) -> None:
        nonlocal told
        if (quarter := int(4 * fraction)) > told and (told or quarter < 4):
            told = quarter
            note(f"{what}: {25 * quarter} %")

    return progress
