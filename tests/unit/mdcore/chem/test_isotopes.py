"""Isotopes: one rule for keys and masses, and nothing but masses depends on them."""

import numpy as np
import pytest

from mdcore.cell import AlternatingSequence, density_estimate_g_cm3, grow_cell, plan_homopolymer
from mdcore.cell.estimates import glass_transition_estimate_k
from mdcore.chem import RepeatUnit, rng_for
from mdcore.chem.errors import InvalidMolecule, InvalidRepeatUnit
from mdcore.dynamics.series import COLUMNS
from mdcore.forcefield import cell_parameters, make_system, masses_amu
from mdcore.measure import Copolymer, Liquid, simulate, write_outputs
from mdcore.optics import OpticsSettings, additive_refractions
from mdcore.settings import CellSettings, ForceFieldSettings
from mdcore.settings.execution import ExecutionSettings
from mdcore.settings.simulation import ProtocolSettings, SimulationSettings
from surrogates.features.descriptors import NAMES, periodic_descriptors
from surrogates.features.fingerprints import morgan_bits

PS = "*CC(*)c1ccccc1"
PS_D8 = "*C([2H])([2H])C([2H])(*)c1c([2H])c([2H])c([2H])c([2H])c1[2H]"
H, D = 1.008, 2.014101778
RATIO = 1 + 8 * (D - H) / 104.152
"""Mass of PS-d8 over that of PS."""


def unit(text: str) -> RepeatUnit:
    return RepeatUnit.from_psmiles(text)


@pytest.mark.parametrize(
    ("labelled", "plain"),
    [
        ("*[12CH2]C(*)c1ccccc1", PS),
        ("*C([1H])C(*)c1ccccc1", PS),
        ("*[14NH]CC(*)=[16O]", "*NCC(*)=O"),
        ("*CC(*)[19F]", "*CC(*)F"),
        ("*C[31P](*)C", "*CP(*)C"),
    ],
)
def test_a_label_that_names_the_common_isotope_says_nothing(labelled, plain):
    assert unit(labelled).key == unit(plain).key
    assert unit(labelled).psmiles == unit(plain).psmiles
    assert unit(labelled).molar_mass_g_mol == unit(plain).molar_mass_g_mol


@pytest.mark.parametrize(
    ("text", "natural", "excess"),
    [
        (PS_D8, PS, 8 * (D - H)),
        ("*C([2H])C(*)c1ccccc1", PS, D - H),
        ("*[13CH2]C(*)c1ccccc1", PS, 13.00335484 - 12.011),
        ("*C([3H])C(*)c1ccccc1", PS, 3.01604928 - H),
        # Chlorine is a mixture of two isotopes; each has a mass of its own.
        ("*CC(*)[35Cl]", "*CC(*)Cl", 34.96885268 - 35.453),
        ("*CC(*)[37Cl]", "*CC(*)Cl", 36.96590259 - 35.453),
    ],
)
def test_any_other_label_has_its_own_key_and_mass(text, natural, excess):
    labelled, plain = unit(text), unit(natural)
    assert labelled.key != plain.key
    assert RepeatUnit.from_psmiles(labelled.key).key == labelled.key
    assert labelled.natural.key == plain.key
    assert labelled.molar_mass_g_mol - plain.molar_mass_g_mol == pytest.approx(excess, abs=1e-6)
    assert (labelled.n_atoms, labelled.n_heavy_atoms) == (plain.n_atoms, plain.n_heavy_atoms)


@pytest.mark.parametrize("text", ["*CC(*)[99CH3]", "*CC(*)[7F]"])
def test_an_unknown_nuclide_is_refused(text):
    with pytest.raises(InvalidRepeatUnit, match="not a known nuclide"):
        unit(text)
    with pytest.raises(InvalidMolecule, match="not a known nuclide"):
        _ = Liquid(text.replace("*CC(*)", "C")).mol


def test_the_densities_of_deuterated_polystyrene_and_heavy_water_follow_their_masses():
    """Isotopes hardly change volumes: PS-d8 is 7.7 % denser than PS, D2O 11.2 % denser than H2O (measured: 10.8 %)."""
    assert pytest.approx(1.0773, abs=1e-4) == RATIO
    assert density_estimate_g_cm3(unit(PS_D8)) / density_estimate_g_cm3(unit(PS)) == pytest.approx(RATIO)
    water, heavy_water = Liquid("O"), Liquid("[2H]O[2H]")
    assert heavy_water.molar_mass_g_mol == pytest.approx(20.0276, abs=1e-3)
    assert heavy_water.key != water.key
    assert heavy_water.starting_density_g_cm3 / water.starting_density_g_cm3 == pytest.approx(
        20.0272 / 18.015, rel=1e-5
    )


def test_what_does_not_depend_on_masses_is_that_of_the_natural_polymer():
    heavy, light = unit(PS_D8), unit(PS)
    assert glass_transition_estimate_k(heavy) == glass_transition_estimate_k(light)
    np.testing.assert_array_equal(morgan_bits(heavy, 3, 2048, 4), morgan_bits(light, 3, 2048, 4))
    mine, other = periodic_descriptors(heavy, 4), periodic_descriptors(light, 4)
    about_mass = (
        {name for name in NAMES if "mass" in name}
        - {"backbone_mass"}
        - {f"mass_fraction_{element}" for element in ("N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")}
    )
    changed = {name for name, a, b in zip(NAMES, mine, other, strict=True) if not np.isclose(a, b, rtol=1e-12)}
    assert changed == about_mass
    hydrogen = NAMES.index("mass_fraction_H")
    assert mine[hydrogen] == pytest.approx(8 * D / (104.152 * RATIO), rel=1e-4)


def test_molar_refractions_are_equal_and_belong_to_the_heavier_mass():
    """So the refractive index is that of the light polymer at the same volume."""
    heavy, light = additive_refractions(unit(PS_D8)), additive_refractions(unit(PS))
    assert heavy.r_D == light.r_D
    assert heavy.molar_mass_g_mol / light.molar_mass_g_mol == pytest.approx(RATIO, rel=1e-6)
    settings = OpticsSettings(kind="additive")
    water, heavy_water = (Liquid(text).refractions(settings) for text in ("CO", "[2H]C([2H])([2H])O[2H]"))
    assert heavy_water.r_D == water.r_D
    assert heavy_water.molar_mass_g_mol - water.molar_mass_g_mol == pytest.approx(4 * (D - H), abs=1e-6)
    pair = Copolymer((unit(PS_D8), unit("*CC*")), AlternatingSequence())
    mixed = pair.refractions(settings)
    plain = Copolymer((unit(PS), unit("*CC*")), AlternatingSequence()).refractions(settings)
    assert mixed.r_D / mixed.molar_mass_g_mol * pair.molar_mass_g_mol == pytest.approx(
        plain.r_D / plain.molar_mass_g_mol * (104.152 + 28.054) / 2
    )


CELL = CellSettings(n_chains=2, atoms_per_chain=100)
FORCE_FIELD = ForceFieldSettings(cutoff_nm=0.4, switch_width_nm=0.05, ewald_tolerance=9e-3, hydrogen_mass_amu=3.0)


def cell_of(text: str):
    polymer = unit(text)
    return grow_cell(plan_homopolymer(polymer, CELL, 1), CELL.growth_density_g_cm3, rng_for(1, polymer.key, "growth"))


def test_deuterium_has_the_constraints_and_parameters_of_hydrogen_and_takes_less_mass_from_its_neighbour():
    heavy, light = cell_of(PS_D8), cell_of(PS)
    # Two end groups are of ordinary hydrogen.
    n_units = (heavy.topology.n_atoms - 4) // 16
    assert heavy.topology.n_atoms == light.topology.n_atoms
    assert int((heavy.topology.isotopes == 2).sum()) == 8 * n_units
    assert heavy.mass_amu - light.mass_amu == pytest.approx(8 * n_units * (D - H), abs=1e-6)
    np.testing.assert_array_equal(heavy.topology.masses_amu[heavy.topology.isotopes == 2], np.full(8 * n_units, D))
    ours, theirs = (cell_parameters(cell, FORCE_FIELD) for cell in (heavy, light))
    assert (
        len(ours.constraints.atoms) == len(theirs.constraints.atoms) == int((heavy.topology.atomic_numbers == 1).sum())
    )
    for name in ("bonds", "angles", "torsions"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert sorted(map(tuple, one.values.round(9).tolist())) == sorted(map(tuple, other.values.round(9).tolist()))
    np.testing.assert_allclose(np.sort(ours.charges), np.sort(theirs.charges), atol=1e-6)
    moved = masses_amu(heavy.topology, 3.0)
    assert moved.sum() == pytest.approx(heavy.mass_amu)
    assert set(moved[heavy.topology.atomic_numbers == 1].round(9)) == {3.0}
    # An aromatic carbon with one deuterium gives 3 - D of its mass.
    assert np.isclose(moved[heavy.topology.atomic_numbers == 6], 12.011 - (3.0 - D)).any()
    system = make_system(heavy, ours, FORCE_FIELD)
    assert [system.getParticleMass(i)._value for i in range(system.getNumParticles())] == moved.tolist()


def test_an_isotope_heavier_than_the_hydrogen_mass_asked_for_keeps_its_mass():
    tritium = cell_of("*C([3H])([3H])C(*)c1ccccc1")
    moved = masses_amu(tritium.topology, 2.5)
    assert moved[tritium.topology.isotopes == 3] == pytest.approx(3.01604928)
    assert set(moved[(tritium.topology.isotopes == 0) & (tritium.topology.atomic_numbers == 1)]) == {2.5}


def test_a_chd_group_has_no_tacticity_and_keeps_its_configuration_open():
    (chain, *_) = plan_homopolymer(unit("*CC([2H])*"), CELL, 1)
    assert chain.residues[1].n_centres == 0


@pytest.mark.slow
def test_a_simulated_deuterated_liquid_has_the_mass_of_its_isotopes_in_its_density(tmp_path):
    settings = SimulationSettings(
        cell=CellSettings(n_chains=1, atoms_per_chain=240, growth_density_g_cm3=0.2),
        force_field=FORCE_FIELD,
        protocol=ProtocolSettings(
            compress_ps=1.0, cycle_pressures_atm=(), melt_ps=0.0, cool_ps=0.0, settle_ps=0.0, sample_ps=2.0,
            record_interval_ps=0.1, max_extensions=0,
        ),
        execution=ExecutionSettings(platform="CPU", threads=1),
    )  # fmt: skip
    result = simulate(Liquid("[2H]C([2H])([2H])O[2H]"), settings, seed=3, out=tmp_path)
    assert not hasattr(result, "kind"), result
    stored = np.load(tmp_path / "run" / "series.npz")
    last = stored["table"][-1]
    molecules = 40
    mass = molecules * Liquid("[2H]C([2H])([2H])O[2H]").molar_mass_g_mol
    assert last[COLUMNS.index("density_g_cm3")] * last[COLUMNS.index("volume_nm3")] == pytest.approx(
        mass * 1.66053906660e-3, rel=1e-6
    )
    write_outputs(tmp_path)
    lines = [line for line in (tmp_path / "final.pdb").read_text().splitlines() if line.startswith("HETATM")]
    assert sum(line[76:78].strip() == "D" for line in lines) == 4 * molecules
