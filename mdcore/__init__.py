"""Simulation core: from a polymer repeat unit to measured properties of its amorphous phase."""

# Fill the registry of properties before the first look-up.
import mdcore.properties  # noqa: F401
