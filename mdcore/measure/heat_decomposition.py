"""Decomposition of a heat flow from the frames of a run, and its plot."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mdcore.drawing import BLUE, INK, LINE, MUTED, NOVEL, SMALL, TEXT, THIN, drawn, save
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.estimate.heat_shares import HeatFlowShares, heat_flow_shares
from mdcore.forces.flow import COMPONENTS, FrameFlow, HeatFlow, HeatPath, heat_flow_series
from mdcore.forces.interactions import Interactions
from mdcore.forces.terms import SystemTerms

FloatArray = NDArray[np.float64]

_LABELS = {
    "kinetic_convection": "Convection, kinetic",
    "potential_convection": "Convection, potential",
    "bonds": "Bonds",
    "angles": "Angles",
    "torsions": "Torsions",
    "impropers": "Impropers",
    "van_der_waals": "Van der Waals",
    "electrostatic": "Electrostatic",
    "exceptions": "1-4 pairs",
    "constraints": "Constraints",
}


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


def write_heat_shares(shares: HeatFlowShares, path: Path, title: str = "") -> None:
    """Draw the components as bars with standard errors, their sum, and the residual to the imposed flow.

    Args:
        shares: The decomposition.
        path: File to write; its suffix gives the format.
        title: Title of the plot.
    """
    rows = [one for one in shares.components if one.total.value or one.total.stderr]
    n = len(rows)
    places = np.arange(n)
    with drawn(7.0, 1.6 + 0.36 * (n + 2)) as figure:
        axis = figure.subplots()
        for offset, part, label, colour in (
            (-0.19, "within", "within chains", BLUE),
            (0.19, "between", "between chains", NOVEL),
        ):
            found = [(place, e) for place, row in enumerate(rows) if (e := getattr(row, part)).value or e.stderr]
            heights = [place + offset for place, _ in found]
            axis.barh(heights, [e.value for _, e in found], 0.34, color=colour, label=label)
            axis.errorbar(
                [e.value for _, e in found], heights, xerr=[e.stderr for _, e in found], fmt="none", ecolor=INK, elinewidth=LINE,
                capsize=2.5,
            )  # fmt: skip
        whole = (shares.total, shares.residual)
        axis.barh([n + 0.2, n + 1.2], [e.value for e in whole], 0.55, color=MUTED)
        axis.errorbar(
            [e.value for e in whole], [n + 0.2, n + 1.2], xerr=[e.stderr for e in whole], fmt="none", ecolor=INK, elinewidth=LINE,
            capsize=2.5,
        )  # fmt: skip
        axis.axvline(0.0, color=INK, linewidth=THIN)
        axis.axvline(1.0, color=INK, linewidth=THIN, linestyle="--")
        axis.set_yticks(
            [*places, n + 0.2, n + 1.2], [*(_LABELS.get(r.name, r.name) for r in rows), "Sum", "Imposed less sum"]
        )
        for place, estimate in [
            *zip(places, (r.total for r in rows), strict=True),
            (n + 0.2, whole[0]),
            (n + 1.2, whole[1]),
        ]:
            axis.annotate(
                f"{estimate.value:.2f} ± {estimate.stderr:.2f}", (1.01, place), xycoords=("axes fraction", "data"), va="center",
                fontsize=SMALL,
            )  # fmt: skip
        axis.grid(visible=False, axis="y")
        axis.invert_yaxis()
        axis.set_xlabel(f"Share of the imposed heat flow ({shares.n_frames} frames)")
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
        if title:
            axis.set_title(title, loc="left", fontsize=TEXT)
        save(figure, path)
