"""The built-in lists: every structure parses, is distinct, and some have the composition chemistry says."""

import pytest
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from generators.errors import InvalidList
from generators.lists import common_monomers, known_polymers, parse_list, read_list
from mdcore.chem import RepeatUnit

POLYMER_FORMULAS = {
    "polystyrene": "C8H8",
    "poly(methyl methacrylate)": "C5H8O2",
    "poly(ethylene terephthalate)": "C10H8O4",
    "poly(bisphenol A carbonate)": "C16H14O3",
    "poly(pyromellitic dianhydride-4,4'-oxydianiline) imide": "C22H10N2O5",
    "bisphenol A polysulfone": "C27H22O4S",
    "nylon 6,6": "C12H22N2O2",
    "polycaprolactone": "C6H10O2",
    "poly(N-vinylcarbazole)": "C14H11N",
    "poly(2-vinylnaphthalene)": "C12H10",
    "polytetrafluoroethylene": "C2F4",
    "poly(ether ether ketone)": "C19H12O3",
    "poly(ether imide) of BPADA and m-phenylenediamine": "C37H24N2O6",
    "polyurethane of MDI and butanediol": "C19H20N2O4",
    "poly(phenylene sulfide)": "C6H4S",
    "cellulose": "C6H10O5",
    "poly(vinyl butyral)": "C8H14O2",
    "polybenzimidazole": "C20H12N4",
    "hydrogenated ring-opened polynorbornene": "C7H12",
    "poly(2,2-bis(trifluoromethyl)-4,5-difluoro-1,3-dioxole)": "C5F8O2",
    "poly(perfluoro-4-vinyloxy-1-butene)": "C6F10O",
}
MONOMER_FORMULAS = {
    "bisphenol A": "C15H16O2",
    "pyromellitic dianhydride": "C10H2O6",
    "4,4'-methylenediphenyl diisocyanate": "C15H10N2O2",
    "isosorbide": "C6H10O4",
    "epsilon-caprolactam": "C6H11NO",
    "styrene": "C8H8",
    "4,4'-oxydianiline": "C12H12N2O",
    "bisphenol A diglycidyl ether": "C21H24O4",
    "isophorone diisocyanate": "C12H18N2O2",
    "spiroglycol": "C15H28O6",
    "tricyclodecanedimethanol": "C12H20O2",
    "bisphenol A dianhydride": "C31H20O8",
    "9,9-bis[4-(2-hydroxyethoxy)phenyl]fluorene": "C29H26O4",
    "spirobisindanediol": "C21H24O2",
    "dicyclopentadiene": "C10H12",
    "tetracyclododecene": "C12H16",
}


def _formula(smiles: str) -> str:
    return CalcMolFormula(Chem.MolFromSmiles(smiles)).replace("*2", "").replace("*", "")


def test_known_polymers_are_many_distinct_repeat_units():
    entries = known_polymers()
    keys = {RepeatUnit.from_psmiles(entry.smiles).key for entry in entries}
    assert len(entries) >= 170
    assert len(keys) == len(entries) == len({entry.name for entry in entries})


def test_monomers_are_many_distinct_molecules():
    entries = common_monomers()
    mols = [Chem.MolFromSmiles(entry.smiles) for entry in entries]
    assert all(mol is not None for mol in mols)
    assert len(entries) >= 130
    assert len({Chem.MolToSmiles(mol) for mol in mols}) == len(entries) == len({entry.name for entry in entries})


@pytest.mark.parametrize(("name", "formula"), POLYMER_FORMULAS.items())
def test_known_polymer_has_its_formula(name, formula):
    assert _formula({entry.name: entry.smiles for entry in known_polymers()}[name]) == formula


@pytest.mark.parametrize(("name", "formula"), MONOMER_FORMULAS.items())
def test_monomer_has_its_formula(name, formula):
    assert _formula({entry.name: entry.smiles for entry in common_monomers()}[name]) == formula


def test_lists_in_csv_and_smiles_form(tmp_path):
    table = tmp_path / "own.csv"
    table.write_text("name,pSMILES\nmine,*CCC*\nempty,\n", encoding="utf-8")
    plain = tmp_path / "own.smi"
    plain.write_text("# a comment\n*CCC* my polymer\n\n*CO*\n", encoding="utf-8")
    assert [(e.name, e.smiles) for e in read_list(table)] == [("mine", "*CCC*")]
    assert [(e.name, e.smiles) for e in read_list(plain)] == [("my polymer", "*CCC*"), ("", "*CO*")]


@pytest.mark.parametrize("text", ["name,structure\nx,*C*\n", "psmiles\n", ""])
def test_list_without_smiles_is_refused_in_one_line(text):
    with pytest.raises(InvalidList, match=r"^[^\n]*own\.csv[^\n]+$"):
        parse_list(text, "own.csv", is_csv=True)


def test_missing_list_names_the_file(tmp_path):
    with pytest.raises(InvalidList, match=r"absent\.csv' does not exist"):
        read_list(tmp_path / "absent.csv")
