"""Parts of `lammps_compare.py`."""
