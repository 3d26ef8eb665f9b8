"""Properties, one per file: specification, needs, estimator, refusals.

The modules import numerical libraries only when they estimate, because `import mdcore` imports them all.
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
