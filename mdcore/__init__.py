"""Simulation core: from a polymer repeat unit to measured properties of its amorphous phase."""

# The registry of properties is complete before anything can be looked up in it.
import mdcore.properties  # noqa: F401
