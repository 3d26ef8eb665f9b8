"""The properties, one a file: specification, needs, estimator, refusals.

The files load no numerical library before they estimate something: `import mdcore` reads them all.
"""

from mdcore.properties.base import EQUILIBRATED, Needs, Property, Request
from mdcore.properties.registry import MEASURED, measured_property, properties_using, register_property

__all__ = [
    "EQUILIBRATED",
    "MEASURED",
    "Needs",
    "Property",
    "Request",
    "measured_property",
    "properties_using",
    "register_property",
]
