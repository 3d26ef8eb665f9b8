"""Properties that simulations of this version do not measure; values come from tables and laboratories.

Possible ranges: a glass transition below 50 K is below that of 1-butene, a small molecule (60 K), and organic matter is
carbonised long before 1500 K. Relaxor fluoropolymers reach a permittivity of 100. At a self-diffusion coefficient of 1e-40 cm2/s, an
atom moves less than its width in the age of the Earth; small molecules in liquids have 1e-5 to 1e-4. A gap of 0 means a metal; helium's
ionisation energy is 24.6 eV.

Default errors: glass transition 10 K (heating rate, molar mass, definition of the onset), static permittivity 5 %, self-diffusion a
factor of about 1.3, gap 0.1 eV (conformation).
"""

from mdcore.chem.properties import PropertySpec

GLASS_TRANSITION_TEMPERATURE = PropertySpec(
    "glass_transition_temperature", "K", "Glass transition temperature", "T_g", 120.0, 750.0, 50.0, 1500.0, 10.0
)
STATIC_DIELECTRIC_CONSTANT = PropertySpec(
    "static_dielectric_constant", "1", "Static dielectric constant", "ε_0", 1.5, 30.0, 1.0, 500.0, 0.05, 0.05
)
SELF_DIFFUSION = PropertySpec(
    "self_diffusion", "cm2/s", "Self-diffusion coefficient", "D", 1e-14, 1e-4, 1e-40, 1e-2, 0.0, 0.3
)
HOMO_LUMO_GAP = PropertySpec("homo_lumo_gap", "eV", "HOMO-LUMO gap", "E_g", 0.5, 15.0, 0.0, 30.0, 0.1)
