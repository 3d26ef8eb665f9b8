"""The final cell for OpenMM: System, State, topology and a script that continues from it."""

from pathlib import Path
from typing import Any

from mdcore.chem.files import write_whole
from mdcore.measure.export.final_cell import FinalCell
from mdcore.measure.structure_file import write_cell

_SCRIPT = '''"""{name}: python run.py [STEPS]"""

import sys

import openmm
from openmm import app, unit

with open("system.xml") as stream:
    system = openmm.XmlSerializer.deserialize(stream.read())
topology = app.PDBxFile("cell.cif").topology
{barostat}# The System has the masses of the simulation, with heavy hydrogens if the time step requires them.
integrator = openmm.LangevinMiddleIntegrator(
    {temperature} * unit.kelvin, {friction} / unit.picosecond, {step} * unit.femtosecond
)
simulation = app.Simulation(topology, system, integrator)
simulation.loadState("state.xml")
simulation.reporters.append(app.DCDReporter("trajectory.dcd", 1000))
simulation.reporters.append(
    app.StateDataReporter(sys.stdout, 1000, step=True, potentialEnergy=True, temperature=True, density=True)
)
simulation.step(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
simulation.saveState("after.xml")
'''
_BAROSTATS = {
    "isotropic": """system.addForce(
    openmm.MonteCarloBarostat({pressure} * unit.atmosphere, {temperature} * unit.kelvin)
)
""",
    "anisotropic": """system.addForce(
    openmm.MonteCarloAnisotropicBarostat([{pressure}] * 3 * unit.atmosphere, {temperature} * unit.kelvin)
)
""",
    "flexible": """system.addForce(
    openmm.MonteCarloFlexibleBarostat({pressure} * unit.atmosphere, {temperature} * unit.kelvin)
)
""",
}


def write_openmm(cell: FinalCell, folder: Path) -> tuple[Path, ...]:
    """Write `system.xml`, `state.xml`, `cell.cif`, up to 99,999 atoms `cell.pdb`, and `run.py`.

    The System is that of the simulation. The State has the final positions and box, and velocities drawn at the temperature of
    the sampling.
    """
    write_whole(folder / "system.xml", cell.system_xml)
    write_whole(folder / "state.xml", _state_xml(cell))
    structure = write_cell(cell.arrays, cell.positions_nm, cell.box_nm, folder, "cell")
    pressure, temperature = cell.pressure_atm, cell.temperature_K
    script = _SCRIPT.format(
        name=cell.name[0].upper() + cell.name[1:],
        barostat=_BAROSTATS[cell.barostat].format(pressure=pressure, temperature=temperature) if cell.barostat else "",
        temperature=temperature,
        friction=cell.friction_per_ps,
        step=cell.timestep_fs,
    )
    write_whole(folder / "run.py", script)
    return folder / "system.xml", folder / "state.xml", *structure, folder / "run.py"


def _state_xml(cell: FinalCell) -> str:
    import openmm

    platform = openmm.Platform.getPlatformByName("Reference")
    integrator = openmm.VerletIntegrator(0.001)
    context: Any = openmm.Context(cell.system(), integrator, platform)
    context.setPeriodicBoxVectors(*cell.box_nm)
    context.setPositions(cell.positions_nm)
    context.setVelocitiesToTemperature(cell.temperature_K, cell.velocity_seed)
    state = context.getState(getPositions=True, getVelocities=True)
    return str(openmm.XmlSerializer.serialize(state))
