"""Safe deserialisation of OpenMM's XML.

A serialised `PythonForce` contains a pickled function, which OpenMM unpickles, and so executes, when it reads the file. Bundles can
come from untrusted sources. Their XML is therefore checked before OpenMM reads it, and only the forces that bundles use are accepted.
"""

from typing import Any, Literal
from xml.parsers.expat import ExpatError, ParserCreate

from mdcore.chem.errors import BundleError

FORCES = frozenset(
    {"HarmonicBondForce", "HarmonicAngleForce", "PeriodicTorsionForce", "NonbondedForce", "CMMotionRemover"}
)
"""Forces of a bundle's System."""


def read_xml(xml: str, kind: Literal["System", "State"]) -> Any:
    """Return the OpenMM object of a document.

    Args:
        xml: Output of `XmlSerializer.serialize`.
        kind: Expected type of the object.

    Raises:
        BundleError: It is another object, or contains a force that bundles do not use.
    """
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        found = attributes.get("type")
        if depth == 0 and (name, found) != (kind, kind):
            raise BundleError(f"XML of an OpenMM {kind} expected, found {name!r} {found!r}; build the bundle again")
        if depth > 0 and (name == "Force" or (found or "").endswith("Force")) and found not in FORCES:
            raise BundleError(f"force {found!r} does not belong in a bundle and is not loaded; build the bundle again")
        depth += 1

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(xml, True)
    except ExpatError as error:
        raise BundleError(f"XML of an OpenMM {kind} cannot be read ({error}); build the bundle again") from error
    import openmm

    return openmm.XmlSerializer.deserialize(xml)
