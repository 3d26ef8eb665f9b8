"""Decomposition of the heat flow in the frames of a run."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mdcore.dynamics.bundle import SimulationBundle
from mdcore.estimate.heat_shares import HeatFlowShares, heat_flow_shares
from mdcore.forces.flow import COMPONENTS, FrameFlow, HeatFlow, HeatPath, heat_flow_series
from mdcore.forces.interactions import Interactions
from mdcore.forces.terms import SystemTerms

FloatArray = NDArray[np.float64]


class RecordedFrames(Protocol):
    """Frames of positions and velocities; arrays of frames, which may be read from disk one by one."""

    @property
    def positions_nm(self) -> NDArray[np.floating[Any]]:
        """Shape (frames, n, 3)."""

    @property
    def velocities_nm_ps(self) -> NDArray[np.floating[Any]]:
        """Shape (frames, n, 3)."""

    @property
    def boxes_nm(self) -> FloatArray:
        """Shape (frames, 3, 3)."""


def decompose_heat_flow(
    bundle: SimulationBundle,
    frames: RecordedFrames,
    path: HeatPath,
    power_kj_mol_ps: float,
    timestep_fs: float,
    apply: Callable[..., Iterable[FrameFlow]] = map,
) -> HeatFlowShares:
    """Decompose a steady heat flow by the terms that carry it, from the forces of the bundle's System.

    The components are not normalised: their sum agrees with the imposed flow within its error, or the decomposition does not close.

    Args:
        bundle: Bundle of the run; its chains part flow within chains from flow between them.
        frames: Frames of the steady flow.
        path: The slabs between which heat is exchanged.
        power_kj_mol_ps: Power that the hot slab gives off to both sides.
        timestep_fs: Time step of the run; the velocities of its integrator are half of it behind the positions.
        apply: Applies a function to each frame; see `heat_flow_series`.

    Raises:
        BundleError: The System of the bundle has forces that cannot be computed here.
        ValueError: There is no frame, or the power is not positive.
    """
    interactions = Interactions(SystemTerms.from_xml(bundle.system_xml))
    flow = HeatFlow(interactions, bundle.arrays["chain_index"], path, 0.5e-3 * timestep_fs)
    series = heat_flow_series(flow, frames.positions_nm, frames.velocities_nm_ps, frames.boxes_nm, apply)
    return heat_flow_shares(series, COMPONENTS, power_kj_mol_ps)
