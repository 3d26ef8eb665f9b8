"""Van der Waals radii (Bondi 1964, doi:10.1021/j100785a001; hydrogen after Rowland and Taylor 1996, doi:10.1021/jp953141+)."""

import numpy as np

from mdcore.cell.topology import FloatArray, IntArray

_RADII_NM = {
    1: 0.110, 5: 0.192, 6: 0.170, 7: 0.155, 8: 0.152, 9: 0.147, 14: 0.210, 15: 0.180, 16: 0.180, 17: 0.175, 34: 0.190,
    35: 0.185, 53: 0.198,
}  # fmt: skip
_OTHER_NM = 0.2


def vdw_radii_nm(atomic_numbers: IntArray) -> FloatArray:
    """Return the van der Waals radius of each atom in nm; 0.2 nm for elements without an entry."""
    return np.array([_RADII_NM.get(int(z), _OTHER_NM) for z in atomic_numbers], dtype=np.float64)
