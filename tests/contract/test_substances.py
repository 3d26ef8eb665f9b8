"""What every kind of substance does, run over the registry."""

import json
import math

import pytest

from mdcore.chem.errors import InvalidSubstance, PluginError
from mdcore.optics import OpticsSettings
from mdcore.settings import SimulationSettings, preset
from mdcore.substances import SUBSTANCES, Homopolymer, as_substance, register_substance, substance_of

KINDS = sorted(SUBSTANCES)
SMALL = SimulationSettings.model_validate({"cell": {"n_chains": 4, "atoms_per_chain": 40}})


def test_the_kinds_of_the_program_are_known() -> None:
    assert {"homopolymer", "copolymer", "liquid"} <= set(KINDS)
    with pytest.raises(PluginError, match="'homopolymer' is already registered"):
        register_substance(type("Other", (Homopolymer,), {}))
    with pytest.raises(InvalidSubstance, match="'liquids' is unknown; did you mean liquid"):
        substance_of({"kind": "liquids"})
    with pytest.raises(InvalidSubstance, match="kind of substance must be given"):
        substance_of({"smiles": "C"})


@pytest.mark.parametrize("kind", KINDS)
def test_its_document_describes_it(kind: str) -> None:
    substance = SUBSTANCES[kind].example()
    document = json.loads(json.dumps(substance.document()))
    assert document["kind"] == kind == substance.kind
    again = substance_of(document)
    assert (again.key, again.label) == (substance.key, substance.label)
    assert again.document() == document
    assert as_substance(again) is again
    assert substance.answer()["key"] == substance.key
    json.dumps(substance.answer())
    assert "\n" not in substance.label


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_that_says_too_little_or_too_much_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        substance_of({"kind": kind})
    with pytest.raises(ValueError, match=r"no_such_field|units"):
        substance_of({**SUBSTANCES[kind].example().document(), "no_such_field": 1, "units": 5})


@pytest.mark.parametrize("kind", KINDS)
def test_its_numbers_are_those_of_organic_matter(kind: str) -> None:
    substance = SUBSTANCES[kind].example()
    assert 10.0 < substance.molar_mass_g_mol < 1000.0
    assert 0.01 < substance.vdw_volume_nm3 < 1.0
    assert 0.5 < substance.starting_density_g_cm3 < 2.5
    assert len(substance.unit_fractions) == len(substance.repeat_units)
    if substance.repeat_units:
        assert math.fsum(substance.unit_fractions) == pytest.approx(1.0)
    for name in ("quick", "standard"):
        protocol = preset(name).protocol
        assert 300.0 <= substance.hottest_k(protocol) <= 1200.0
        assert substance.hottest_k(protocol.model_copy(update={"max_temperature_K": 350.0})) == 350.0
        assert substance.hottest_k(protocol.model_copy(update={"temperature_K": 1300.0})) >= 1300.0
    transition = substance.glass_transition_k(None)
    assert (transition is not None) == substance.is_glass
    if transition is not None:
        assert 100.0 < transition[0] < 800.0
        assert substance.glass_transition_k(400.0) == (400.0, 10.0)


@pytest.mark.parametrize("kind", KINDS)
def test_its_cell_is_planned_the_same_from_the_same_seed(kind: str) -> None:
    substance = SUBSTANCES[kind].example()
    plan, again = (substance.plan(SMALL.cell, 7) for _ in range(2))
    assert len(plan.chains) >= 1
    assert plan.degree_of_polymerisation >= 1
    assert plan.content["n_chains"] == len(plan.chains)
    names = [[residue.n_atoms for residue in chain.residues] for chain in plan.chains]
    assert names == [[residue.n_atoms for residue in chain.residues] for chain in again.chains]
    atoms = sum(map(sum, names))
    assert 80 <= atoms <= 320  # near n_chains x atoms_per_chain, 160


@pytest.mark.parametrize("kind", KINDS)
def test_its_refractions_belong_to_its_molar_mass(kind: str) -> None:
    substance, additive = SUBSTANCES[kind].example(), OpticsSettings(kind="additive")
    assert not substance.needs_dft(additive)
    found = substance.refractions(additive)
    # Specific refractions of organic matter are 0.2 to 0.4 cm3/g.
    assert 0.15 < found.r_D / found.molar_mass_g_mol < 0.45
    assert found.r_C < found.r_D < found.r_F
