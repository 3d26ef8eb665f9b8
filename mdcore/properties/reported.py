"""Properties that simulations of this version do not measure; values come from tables and laboratories.

Possible ranges: lead has a heat capacity of 0.13 J/g/K, liquid ammonia 4.7. Air conducts 0.026 W/m/K, the best drawn
polyethylene fibre 104, whose diffusivity is 5e-5 m2/s. Relaxor fluoropolymers reach a permittivity of 100. At a
self-diffusion coefficient of 1e-40 cm2/s, an atom moves less than its width in the age of the Earth; small molecules in liquids have
1e-5 to 1e-4. A gap of 0 means a metal; helium's ionisation energy is 24.6 eV.

Default errors: heat capacity 0.05 J/g/K (calorimetry to
3 %), conductivity 10 % (the scatter between methods), diffusivity 15 %, static permittivity 5 %, self-diffusion a factor of about
1.3, gap 0.1 eV (conformation).
"""

from mdcore.chem.properties import PropertySpec

HEAT_CAPACITY_CP = PropertySpec(
    "heat_capacity_cp", "J/g/K", "Isobaric heat capacity", "c_p", 0.5, 4.0, 0.05, 10.0, 0.05
)
THERMAL_CONDUCTIVITY = PropertySpec(
    "thermal_conductivity", "W/m/K", "Thermal conductivity", "κ", 0.05, 1.0, 0.005, 150.0, 0.01, 0.1
)
THERMAL_DIFFUSIVITY = PropertySpec(
    "thermal_diffusivity", "m2/s", "Thermal diffusivity", "D_T", 2e-8, 5e-7, 1e-9, 1e-4, 1e-8, 0.15
)
STATIC_DIELECTRIC_CONSTANT = PropertySpec(
    "static_dielectric_constant", "1", "Static dielectric constant", "ε_0", 1.5, 30.0, 1.0, 500.0, 0.05, 0.05
)
SELF_DIFFUSION = PropertySpec(
    "self_diffusion", "cm2/s", "Self-diffusion coefficient", "D", 1e-14, 1e-4, 1e-40, 1e-2, 0.0, 0.3
)
HOMO_LUMO_GAP = PropertySpec("homo_lumo_gap", "eV", "HOMO-LUMO gap", "E_g", 0.5, 15.0, 0.0, 30.0, 0.1)
