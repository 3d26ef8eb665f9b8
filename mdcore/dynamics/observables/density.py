"""Mass density of the cell."""

from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.dynamics.observables.base import Observable

DENSITY = Observable(
    "density_g_cm3", "g/cm3", lambda state: state.cell.mass_amu * DALTON_PER_NM3_TO_G_CM3 / state.volume_nm3
)
