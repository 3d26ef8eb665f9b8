"""Box vectors, for stages whose barostat changes the shape of the box."""

from mdcore.dynamics.observables.base import Observable

BOX = Observable("box_nm", "nm", lambda state: state.box_nm, shape=lambda cell: (3, 3))
