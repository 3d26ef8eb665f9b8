"""Simulation core: from a polymer repeat unit to measured properties of its amorphous phase."""
