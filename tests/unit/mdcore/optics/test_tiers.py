"""Schemes of the DFT tier, the choice between tiers, settings and the folder cache."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from mdcore.chem import RepeatUnit
from mdcore.optics import (
    FolderCache,
    OpticsFailed,
    OpticsSettings,
    OpticsUnavailable,
    UnknownEnvironment,
    additive_refractions,
    prefers_additive,
    tiers,
)
from mdcore.optics import density_functional as tier
from mdcore.optics.additive import sum_increments
from mdcore.optics.density_functional import REFRACTION_PER_A3, Correction
from mdcore.optics.geometry import conformers, cut
from mdcore.optics.level import Level
from mdcore.optics.pi import fused_atoms, n_pi_atoms
from mdcore.optics.polarizability import LINE_OMEGAS, isotropic, omega_hartree
from mdcore.optics.scheme import scheme_for


def unit(psmiles):
    return RepeatUnit.from_psmiles(psmiles, elements=None)


UNITS = [
    "*CC*",
    "*CC(*)c1ccccc1",
    "*CC(*)(C)C(=O)OC",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1",
    "*c1ccc(*)cc1",
    "*NC(=O)CCCCC(=O)NCCCCCC*",
    "*O[Si](*)(C)C",
]


@pytest.mark.parametrize("psmiles", UNITS)
@pytest.mark.parametrize("limit", [8, 22])
def test_terms_of_a_scheme_hold_exactly_the_units_they_stand_for(psmiles, limit):
    polymer = unit(psmiles)
    plan = scheme_for(polymer, limit)
    heavy = sum(c * len(kept) for c, kept in plan.terms)
    assert heavy == pytest.approx(plan.n_units * unit(polymer.key).n_heavy_atoms)
    conformer = conformers(plan.oligomer, 1, 11)[0]
    pieces = [(c, cut(conformer, set(kept))) for c, kept in plan.terms]
    # Capping hydrogens cancel: what is left is the repeat unit's own atoms, element by element.
    primitive = unit(polymer.key).mol
    expected = {}
    for atom in primitive.GetAtoms():
        if atom.GetAtomicNum():
            expected[atom.GetSymbol()] = expected.get(atom.GetSymbol(), 0) + 1
            expected["H"] = expected.get("H", 0) + atom.GetTotalNumHs()
    found = {}
    for coefficient, piece in pieces:
        for symbol in piece.symbols:
            found[symbol] = found.get(symbol, 0) + coefficient
    for symbol in found.keys() | expected.keys():
        assert found.get(symbol, 0) == pytest.approx(plan.n_units * expected.get(symbol, 0)), symbol


@pytest.mark.parametrize("psmiles", UNITS)
@pytest.mark.parametrize("limit", [8, 22])
def test_an_additive_property_goes_through_every_scheme_unchanged(psmiles, limit, monkeypatch):
    """With the polarizability replaced by a sum over bonds and atoms the scheme must return the periodic sum exactly."""
    per_atom = {"C": 1.0, "H": 0.4, "O": 0.6, "N": 0.9, "Si": 3.0}

    def fake(molecule, level, omegas=LINE_OMEGAS, *, device="auto"):
        total = sum(per_atom[s] for s in molecule.symbols)
        scale = 1.0 + 0.5 * np.array(omegas) ** 2
        return total * scale[:, None, None] * np.eye(3)

    monkeypatch.setattr(tier, "polarizability", fake)
    monkeypatch.setattr(tier, "require_pyscf", lambda: None)
    polymer = unit(psmiles)
    alpha = tier.unit_polarizabilities(polymer, scheme_for(polymer, limit), Level(), 2, 0)
    primitive = unit(polymer.key).mol
    expected = sum(
        per_atom[a.GetSymbol()] + per_atom["H"] * a.GetTotalNumHs() for a in primitive.GetAtoms() if a.GetAtomicNum()
    )
    np.testing.assert_allclose(alpha[:, 0], expected, rtol=1e-12)


def test_lines_are_photon_energies():
    # The sodium D line is 2.1039 eV.
    assert omega_hartree(589.29) * 27.211386 == pytest.approx(2.1039, abs=2e-4)
    assert isotropic(np.diag([1.0, 2.0, 6.0])) == pytest.approx(3.0)


def test_finished_units_are_read_from_the_cache(tmp_path, monkeypatch):
    calls = []

    def fake(*args):
        calls.append(args)
        return np.array([[9.0, 9.2, 9.3, 9.5, 9.7], [9.1, 9.3, 9.4, 9.6, 9.8]])

    monkeypatch.setattr(tier, "unit_polarizabilities", fake)
    cache = FolderCache(tmp_path / "optics")
    first = tier.dft_refractions(unit("*CC(*)c1ccccc1"), cache=cache)
    again = tier.dft_refractions(unit("*C(c1ccccc1)C*"), cache=FolderCache(tmp_path / "optics"))
    assert first == again
    assert len(calls) == 1
    tier.dft_refractions(unit("*CC(*)c1ccccc1"), Level("b3lyp"), cache=cache)
    assert len(calls) == 2
    assert first.tier == "dft"
    assert len(cache) == 2


def test_conformer_spread_enlarges_the_error(monkeypatch):
    def refractions(spread):
        rows = np.array([[9.0, 9.2, 9.3, 9.5, 9.7]]) * np.array([[1 - spread], [1 + spread]])
        monkeypatch.setattr(tier, "unit_polarizabilities", lambda *_: rows)
        return tier.dft_refractions(unit("*CC(*)c1ccccc1"))

    tight, wide = refractions(0.0), refractions(0.02)
    assert wide.relative_error**2 == pytest.approx(tight.relative_error**2 + 0.02**2, rel=1e-6)


def test_a_polarizability_that_falls_towards_the_blue_is_refused(monkeypatch):
    monkeypatch.setattr(tier, "unit_polarizabilities", lambda *_: np.array([[9.0, 9.5, 9.3, 9.2, 9.1]]))
    with pytest.raises(OpticsFailed, match="increase towards shorter wavelengths"):
        tier.dft_refractions(unit("*CC*"))


def test_auto_takes_the_tier_with_the_smaller_stated_error(monkeypatch):
    sent = []
    monkeypatch.setattr(tier, "dft_refractions", lambda u, *a, **k: sent.append(u.key) or additive_refractions(u))
    monkeypatch.setattr(tiers, "pyscf_available", lambda: True)
    for psmiles in ("*CC*", "*CC(*)c1ccccc1", "*CC(*)(C)C(=O)OC", "*CC(*)c1ccc2ccccc2c1"):
        assert tiers.refractions(unit(psmiles)).tier == "additive"
    assert sent == []
    phosphazene = unit("*N=P(*)(OCC)OCC")  # nothing but estimates in the table
    tiers.refractions(phosphazene)
    assert sent == [phosphazene.key]


def test_units_without_any_increment_need_dft(monkeypatch):
    sent = []
    monkeypatch.setattr(
        tier, "dft_refractions", lambda u, *a, **k: sent.append(u.key) or additive_refractions(unit("*CC*"))
    )
    germane = unit("*C[GeH2]*")
    monkeypatch.setattr(tiers, "pyscf_available", lambda: False)
    with pytest.raises(UnknownEnvironment, match="for Ge"):
        tiers.refractions(germane)
    monkeypatch.setattr(tiers, "pyscf_available", lambda: True)
    tiers.refractions(germane)
    assert sent == [germane.key]


def test_errors_of_dft_grow_with_pi_systems():
    errors = [tier.expected_errors(unit(s), Level()) for s in ("*CC*", "*CC(*)c1ccccc1", "*c1ccc(*)cc1")]
    assert errors[0][0] < errors[1][0] < errors[2][0]
    assert errors[0][1] < errors[1][1] < errors[2][1]
    fused = tier.expected_errors(unit("*CC(*)c1ccc2ccccc2c1"), Level())
    assert fused[0] > errors[2][0]
    assert fused[1] > errors[2][1]
    assert tier.expected_errors(unit("*CC*"), Level("blyp"))[0] > errors[0][0]  # not benchmarked
    sulfide, sulfoxide, sulfone = (
        tier.expected_errors(unit(s), Level()) for s in ("*CCS*", "*CCS(*)=O", "*CCS(*)(=O)=O")
    )
    assert sulfide == errors[0]
    # No sulfone is among the fitted liquids, dimethyl sulfoxide is.
    assert sulfone[0] == pytest.approx(np.hypot(sulfoxide[0], tier.UNFITTED_ERRORS[0]), rel=0.05)
    assert sulfone[1] > 0.08


def test_pi_atoms_are_those_of_the_repeat_unit():
    assert n_pi_atoms(Chem.MolFromSmiles("Cc1ccccc1")) == 6
    assert n_pi_atoms(Chem.MolFromSmiles("CC(=O)OC")) == 2
    assert n_pi_atoms(Chem.MolFromSmiles("CS(C)(=O)=O")) == 0
    assert n_pi_atoms(Chem.MolFromSmiles("c1ccsc1")) == 5
    assert len(fused_atoms(Chem.MolFromSmiles("Cc1cccc2ccccc12"))) == 2
    assert fused_atoms(Chem.MolFromSmiles("c1ccc(-c2ccccc2)cc1")) == set()
    mol, centre = unit("*CC(*)c1ccccc1").window(2)
    assert n_pi_atoms(mol, centre) == 6


def test_the_condensed_phase_correction_is_linear_and_can_be_left_out(monkeypatch):
    rows = np.array([[9.0, 9.2, 9.3, 9.5, 9.7]])
    monkeypatch.setattr(tier, "unit_polarizabilities", lambda *_: rows)
    raw = tier.dft_refractions(unit("*CC(*)c1ccccc1"), correction=Correction())
    assert raw.r_D == pytest.approx(REFRACTION_PER_A3 * 9.3)
    assert raw.r_F - raw.r_C == pytest.approx(REFRACTION_PER_A3 * 0.3)
    corrected = tier.dft_refractions(unit("*CC(*)c1ccccc1"), correction=Correction(1.01, -0.2, 0.9))
    assert corrected.r_D == pytest.approx(1.01 * raw.r_D - 0.2 * 6)
    assert corrected.r_F - corrected.r_C == pytest.approx(0.9 * (raw.r_F - raw.r_C))
    bent = tier.dft_refractions(unit("*CC(*)c1ccccc1"), correction=Correction(1.01, -0.2, 0.9, dispersion_pi=0.1))
    assert bent.r_D == corrected.r_D
    assert bent.r_F - bent.r_C == pytest.approx(0.9 * (1.0 - 0.1 * 6 / 8) * (raw.r_F - raw.r_C))
    assert corrected.molar_mass_g_mol == pytest.approx(104.152)
    # What a molecule has only once cancels in a unit, which is a difference of molecules.
    assert tier.dft_refractions(unit("*CC(*)c1ccccc1"), correction=Correction(per_molecule=0.5)) == raw


def test_without_pyscf_auto_keeps_the_additive_value_with_its_error(monkeypatch):
    monkeypatch.setattr(tiers, "pyscf_available", lambda: False)
    phosphazene = unit("*N=P(*)(OCC)OCC")
    found = tiers.refractions(phosphazene, OpticsSettings(kind="auto"))
    assert found == additive_refractions(phosphazene)
    assert not prefers_additive(phosphazene, found, Level())


def test_dft_by_name_without_pyscf_says_what_to_install(monkeypatch):
    monkeypatch.setattr("mdcore.optics.level.pyscf_available", lambda: False)
    with pytest.raises(OpticsUnavailable, match=r"polymer-designer\[dft\]"):
        tiers.refractions(unit("*CC*"), OpticsSettings(kind="dft"))


def test_settings_refuse_unknown_keys():
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        OpticsSettings.model_validate({"kind": "dft", "functionals": "pbe"})
    assert OpticsSettings.model_validate_json(OpticsSettings(kind="dft").model_dump_json()).level == Level()


def test_folder_cache_is_a_mapping(tmp_path):
    cache = FolderCache(tmp_path)
    cache["a key | with / signs"] = json.dumps({"x": 1})
    assert dict(cache) == {"a key | with / signs": '{"x": 1}'}
    del cache["a key | with / signs"]
    assert "a key | with / signs" not in cache
    with pytest.raises(KeyError):
        del cache["gone"]


def test_additive_tier_loads_no_quantum_chemistry():
    code = (
        "import sys, mdcore.optics as o; o.refractions; o.OpticsSettings();"
        "print(sorted({'pyscf', 'torch', 'openmm'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_sum_over_a_molecule_and_its_periodic_sum_agree_far_from_ends():
    assert sum_increments(unit("*CC*").oligomer(30)).r_D == pytest.approx(
        60 * additive_refractions(unit("*CC*")).r_D + 2 * 1.028
    )


@pytest.mark.parametrize("name", tier.CORRECTIONS)
def test_a_correction_is_the_one_that_the_committed_benchmark_found(name):
    results = Path(__file__).parents[4] / "benchmarks" / "results" / "optics_levels.json"
    figures = json.loads(results.read_text(encoding="utf-8"))["figures"]
    correction = tier.CORRECTIONS[name]
    for attribute, figure, digits in (
        ("scale", "scale", 5e-4),
        ("per_pi_atom", "per_pi_atom", 5e-3),
        ("per_molecule", "per_molecule", 5e-3),
        ("dispersion_scale", "dispersion_scale", 5e-3),
        ("dispersion_pi", "dispersion_pi", 5e-3),
        ("relative_error", "rms_saturated", 1e-3),
        ("pi_error", "rms_pi", 2e-3),
        ("relative_dispersion_error", "dispersion_rms_saturated", 5e-3),
        ("pi_dispersion_error", "dispersion_rms_pi", 1e-2),
        ("fused_error", "rms_fused", 5e-3),
        ("fused_dispersion_error", "dispersion_rms_fused", 2e-2),
    ):
        found = figures.get(f"{name}.{figure}", {}).get("value", getattr(Correction(), attribute))
        assert getattr(correction, attribute) == pytest.approx(found, abs=digits), attribute
    assert figures[f"{name}.n"]["value"] >= 25
    assert Level().name in tier.CORRECTIONS
