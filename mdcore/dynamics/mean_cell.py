"""The cell from which runs at constant volume start."""

from mdcore.dynamics.clusters import Clusters
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.dynamics.recorded import FinalState, RunRecord


def at_mean_volume(record: RunRecord, role: str = "sampling") -> FinalState:
    """Return the last configuration of a run, scaled to the mean volume of a role.

    The last volume of a run at constant pressure deviates from its mean by a fluctuation, about 1 % for 600 atoms. Constraint clusters
    are moved as a whole, so that constraints stay satisfied; bonds between clusters are strained by a third of that and relax in a stage
    with a thermostat.

    Args:
        record: The run.
        role: Role of the stages that sampled the volume.

    Raises:
        NotRecorded: The run has no such records.
    """
    final = record.final
    volume = float(record.role(role).array("volume_nm3").mean())
    clusters = Clusters.of(read_xml(record.bundle.system_xml, "System"))
    return FinalState(*clusters.scaled(final.positions_nm, final.box_nm, volume))
