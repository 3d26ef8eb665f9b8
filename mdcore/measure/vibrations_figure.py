"""Plot of the density of states of the vibrations, and of the weight that quantum mechanics gives them."""

from pathlib import Path

import numpy as np

from mdcore.drawing import ACCENT, BLUE, SHADE, drawn, save
from mdcore.dynamics.recorded import RunRecord
from mdcore.estimate import mean_density_of_states, quantum_weight
from mdcore.properties.heat_capacity_cp import spectra

_ROLE = "vibrations"
_SMOOTHING_PER_CM = 15.0


def write_vibrations(record: RunRecord, folder: Path) -> tuple[Path, ...]:
    """Draw the density of states of a run that recorded one, into `vibrations.png`.

    Args:
        record: The run.
        folder: Folder for the plot.

    Returns:
        The file; empty if the run recorded no velocities for it.
    """
    if _ROLE not in record.roles or not any(
        stage.records_as == _ROLE and stage.recorded_frames is not None for stage in record.stages
    ):
        return ()
    found = mean_density_of_states(spectra(record))
    temperature = record.role(_ROLE).targets.temperature_K[0]
    nu = found.wavenumbers_per_cm
    # The lines of a short run are noisy on the scale of its resolution.
    width = max(_SMOOTHING_PER_CM / float(nu[1]), 1e-6)
    kernel = np.exp(-0.5 * (np.arange(-int(3 * width) - 1, int(3 * width) + 2) / width) ** 2)
    share = np.convolve(found.counts, kernel / kernel.sum(), mode="same") / (found.degrees_of_freedom * float(nu[1]))
    last = int(np.searchsorted(np.cumsum(found.counts), 0.996 * found.degrees_of_freedom))
    end = float(nu[min(last + 1, len(nu) - 1)]) * 1.05
    weight = quantum_weight(nu, float(temperature))
    path = folder / "vibrations.png"
    with drawn(7.0, 4.2) as figure:
        axes = figure.add_subplot()
        axes.plot(nu, 1e3 * share, color=BLUE, label="density of states")
        axes.fill_between(
            nu, 0.0, 1e3 * share * weight, color=BLUE, alpha=2 * SHADE, linewidth=0,
            label="weighted: quantum heat capacity",
        )  # fmt: skip
        axes.set_xlim(0.0, end)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("Wavenumber (1/cm)")
        axes.set_ylabel("Share of the degrees of freedom per 1000/cm")
        right = axes.twinx()
        right.plot(nu, weight, color=ACCENT, linestyle="--", label=f"quantum weight at {temperature:g} K")
        right.set_ylim(0.0, 1.05)
        right.set_ylabel("Quantum heat capacity of a vibration / k")
        right.grid(visible=False)
        right.spines["right"].set_visible(True)
        capacity = found.quantum_capacity(float(temperature)) / found.degrees_of_freedom
        handles = [*axes.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
        axes.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, title=f"mean weight {capacity:.3f}"
        )
        save(figure, path)
    return (path,)
