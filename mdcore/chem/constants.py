"""Physical constants and factors between units, the only place in `mdcore` that defines them.

The internal units are nm, ps, kJ/mol, K, dalton and e.
"""

AVOGADRO_PER_MOL = 6.02214076e23
"""N_A, exact by definition."""
BOLTZMANN_J_K = 1.380649e-23
"""k_B, exact by definition."""
BOLTZMANN_KJ_MOL_K = 8.31446261815324e-3
"""k_B per mole, which is the gas constant."""
DALTON_PER_NM3_TO_G_CM3 = 1.66053906660e-3
"""A mass density in Da/nm3 times this is in g/cm3; CODATA 2018."""
BAR_PER_ATM = 1.01325
PASCAL_PER_ATM = 101325.0
KJ_PER_KCAL = 4.184
"""Thermochemical calorie."""
CM3_PER_ANGSTROM3 = 1e-24
M3_PER_NM3 = 1e-27
PLANCK_J_S = 6.62607015e-34
"""h, exact by definition."""
LIGHT_SPEED_M_S = 299792458.0
"""c, exact by definition."""
HARTREE_J = 4.359744722206e-18
"""CODATA 2022."""
BOHR_ANGSTROM = 5.29177210544e-11 * 1e10
"""CODATA 2022."""
JOULE_PER_KJ_MOL = 1e3 / AVOGADRO_PER_MOL
"""Energy of one particle in J for 1 kJ/mol."""
W_M_K_PER_INTERNAL = JOULE_PER_KJ_MOL / (1e-12 * 1e-9)
"""A thermal conductivity in kJ/mol/ps/nm/K times this is in W/m/K."""
M2_S_PER_NM2_PS = 1e-18 / 1e-12
"""A diffusivity in nm2/ps times this is in m2/s."""
COULOMB_KJ_NM_MOL_E2 = 138.935456
"""1 / (4 pi eps0) in kJ nm / mol / e^2, as in OpenMM."""
ZERO_CELSIUS_K = 273.15
