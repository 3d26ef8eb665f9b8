"""Engines for the export of cells."""

from typing import Literal, get_args

Engine = Literal["gromacs", "lammps", "openmm"]
ENGINES: tuple[str, ...] = get_args(Engine)
