"""Volume of the cell."""

from mdcore.dynamics.observables.base import Observable

VOLUME = Observable("volume_nm3", "nm3", lambda state: state.volume_nm3)
