"""Labels of measured values: which density a value is, and at which density an optical property is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdcore.chem.display import with_error
from mdcore.chem.properties import property_spec
from mdcore.chem.records import Measurement

CELL_LABEL, CELL_SYMBOL = "Density of the simulated cell", "ρ_cell"


@dataclass(frozen=True)
class AtDensity:
    """The density that an optical property belongs to.

    Attributes:
        name: `density` (that of the simulated cell) or `slowly_cooled_density` (corrected for the cooling rate).
        value_g_cm3: Its value.
        stderr_g_cm3: Its standard error; None in results of older versions.
    """

    name: str
    value_g_cm3: float
    stderr_g_cm3: float | None

    @property
    def label(self) -> str:
        """Label for use inside a sentence."""
        label = CELL_LABEL if self.name == "density" else property_spec(self.name).label
        return label[0].lower() + label[1:]

    @property
    def symbol(self) -> str:
        """Symbol for tables."""
        return CELL_SYMBOL if self.name == "density" else property_spec(self.name).symbol

    @property
    def text(self) -> str:
        """Value, standard error and unit."""
        return f"{with_error(self.value_g_cm3, self.stderr_g_cm3 or 0.0)} g/cm3"

    def document(self) -> dict[str, object]:
        """Return it in JSON types."""
        return {
            "property": self.name,
            "value": self.value_g_cm3,
            "stderr": self.stderr_g_cm3,
            "unit": "g/cm3",
        }


def is_of_cell(measurement: Measurement) -> bool:
    """Return whether a density is that of a simulated cell, which was cooled within nanoseconds."""
    return measurement.property == "density" and "content_hash" in measurement.provenance


def measured_label(measurement: Measurement) -> str:
    """Return the label of a measured property; a simulated density is labelled as that of the cell."""
    return CELL_LABEL if is_of_cell(measurement) else property_spec(measurement.property).label


def measured_symbol(measurement: Measurement) -> str:
    """Return the symbol of a measured property; see `measured_label`."""
    return CELL_SYMBOL if is_of_cell(measurement) else property_spec(measurement.property).symbol


def at_density(measurement: Measurement) -> AtDensity | None:
    """Return the density at which an optical property is given, or None for other properties."""
    about = measurement.provenance.get("optics_density")
    if not isinstance(about, Mapping) or "value_g_cm3" not in about:
        return None
    name = about.get("property", "density" if about.get("kind") == "simulated" else "slowly_cooled_density")
    error = about.get("stderr_g_cm3")
    return AtDensity(str(name), float(about["value_g_cm3"]), None if error is None else float(error))


def measurement_names(measurement: Measurement) -> dict[str, Any]:
    """Return the naming fields of JSON documents: `label` and, for optical properties, `at_density`."""
    own: dict[str, Any] = {"label": measured_label(measurement)}
    if (density := at_density(measurement)) is not None:
        own["at_density"] = density.document()
    return own
