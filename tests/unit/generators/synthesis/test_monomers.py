"""Monomers that cannot exist are refused wherever monomers are named; their stable relatives stay."""

import pytest
import yaml
from rdkit import Chem

from generators.filters import Filters
from generators.lists import Entry, built_in
from generators.synthesis.library import MonomerLibrary, enumerate_polymers
from generators.synthesis.retro import routes
from generators.synthesis.stability import impossible
from mdcore.chem import RepeatUnit

REFUSED = {
    "carbamic acid": ["NC(=O)O", "O=C(O)Nc1ccc(O)cc1", "OC(=O)n1cccc1", "CN(C)C(=S)S", "CN(C)C(O)=S"],
    "carbonic acid or its half ester": ["OC(=O)O", "COC(=O)O", "O=C(O)OCCO", "CCSC(=O)O", "CCOC(=S)S"],
    "haloformic acid": ["OC(=O)Cl", "OC(=O)F"],
    "beta-keto acid": ["CC(=O)CC(=O)O", "CC(=O)C(C)(C)C(=O)O", "C=C(C(C)=O)C(=O)O"],
    "acyl phosphate": ["CC(=O)OP(=O)(OC)OC", "O=C1CCCCOP(=O)(OC)O1"],
    "gem-diol": ["OC(O)C(Cl)(Cl)Cl", "OC(O)CC(=O)O", "OC1(O)CCCCC1"],
    "gem-dithiol or hydroxythiol": ["SC(S)C", "OC(S)CC"],
    "hemiacetal": ["COC(C)O", "OC(OC)c1ccccc1", "CSC(C)O", "OC(C)OC(C)=O"],
    "hemiaminal": ["NC(C)O", "OC(C)NC", "OCN(C)C", "SC(C)N"],
    "aminal with hydrogen": ["NCN", "CNC(C)NC", "NC(N)c1ccccc1"],
    "aminomethyl amide": ["NCNC(C)=O", "NCN1C(=O)CCC1=O"],
    "amine that closes a cyclic imine": ["NCCCC(C)=O", "NCCCCC(=O)c1ccccc1", "NCC(=O)c1ccccc1"],
    "alpha-halo alcohol": ["OC(F)(F)F", "OCCl", "OC(Cl)C=C"],
    "alpha-halo amine": ["CN(C)CCl", "NC(Br)C", "CNC(C)F"],
    "enol": ["C=CO", "OC=Cc1ccccc1", "OC1=CCCCC1", "C=C(O)C=C"],
    "enethiol": ["C=CS", "SC1=CCCCC1"],
    "ynol or ynethiol": ["C#CO", "CC#CS"],
    "enamine with hydrogen": ["C=CN", "CNC=C", "NC1=CCCCC1"],
    "ynamine with hydrogen": ["C#CN", "CNC#CC"],
    "imidic acid": ["CC(O)=NC", "OC(=NCC)c1ccccc1"],
    "imine with hydrogen": ["CC=N", "N=Cc1ccccc1", "CC(C)=N", "N=C"],
    "peroxide or peroxy acid": ["CC(=O)OO", "COOC", "OO"],
    "sulfenic acid": ["CSO", "OSc1ccccc1"],
    "hydrodisulfide": ["CSS"],
    "thioaldehyde or thioketone": ["CC=S", "CC(C)=S", "S=Cc1ccccc1"],
    "ketene": ["C=C=O", "CC(C)=C=O"],
    "diazo compound": ["C=[N+]=[N-]", "CCOC(=O)C=[N+]=[N-]"],
    "diazonium": ["N#[N+]c1ccccc1"],
    "primary nitrosamine": ["CNN=O"],
    "hypohalite": ["COCl", "CC(C)(C)OCl"],
    "N-halo amine": ["CN(C)Cl", "CNBr"],
    "three nitrogen atoms in an open row": ["NNN", "CN(C)N(C)N(C)C"],
    "boronic acid beside a ring nitrogen": ["OB(O)c1nc2ccccc2[nH]1", "OB(O)c1ccccn1"],
    "alkyne in a small ring": ["C1CCCC#C1"],
    "cumulated double bond in a small ring": ["C1CCC=C=C1"],
    "alcohol or thiol and acid halide": ["OCCC(=O)Cl", "O=C(Cl)c1ccc(O)cc1", "SCCC(=O)Cl", "O=C(Cl)OCCO"],
    "alcohol or thiol and isocyanate": ["OCCN=C=O", "O=C=Nc1ccc(O)cc1", "SCCN=C=O"],
    "amine and acid halide": ["NCCC(=O)Cl", "Nc1ccc(C(=O)Cl)cc1"],
    "amine and isocyanate": ["NCCN=C=O", "Nc1ccc(N=C=O)cc1"],
    "amine and sulfonyl chloride": ["NCCS(=O)(=O)Cl"],
    "amine and anhydride": ["NCC1CC(=O)OC1=O", "Nc1ccc2C(=O)OC(=O)c2c1"],
    "amine and aldehyde": ["NCC=O", "NCCCC=O"],
    "amine and epoxide": ["NCC1CO1", "CNCC1CO1"],
    "thiol and epoxide": ["SCC1CO1"],
    "acid and isocyanate": ["O=C(O)CCN=C=O"],
    "aliphatic amine and phenyl ester, phenyl carbamate or thioester": [
        "NCCCCCCNC(=O)Oc1ccc(C(=O)O)cc1",
        "NCCCCCC(=O)Oc1ccccc1",
        "CNCCCCC(=O)SC",
    ],
    "aliphatic amine and acyl imide": ["NCCCCCC(=O)N1C(=O)CCC1=O"],
    "primary aliphatic amine and imine": ["NCCCCCCN=Cc1ccccc1"],
    "amine and N-acyl imine": ["Nc1ccc(C=NC(C)=O)cc1"],
    "base and alkene with two acceptors": ["C=C(C#N)C(=O)OCCN(C)C", "C=C(C(=O)OC)C(=O)OCc1ccncc1"],
    "azole N-H and acid halide": ["O=C(Cl)c1nc2ccccc2[nH]1"],
    "ring that bridges an aromatic one": ["O=C1OC(=O)c2ccc1cc2"],
    "double bond at a bridgehead": ["C1CC2=CC1CC2"],
}
"""Molecules by what is said of them; some match two motifs, of which the first is named."""

STAY = [
    "Oc1ccccc1",
    "Oc1ccc(O)cc1",
    "Oc1ccccn1",
    "OC(=O)CC(=O)O",
    "O=C(O)CCC(C)=O",
    "OC(=O)c1ccc(O)cc1",
    "CC(=O)C=C(C)O",
    "O=C1C(O)=C(O)C(C(O)CO)O1",
    "OCC1OC(O)C(O)C(O)C1O",
    "C=CC(=O)NCO",
    "OCNC(=O)NCO",
    "COCCl",
    "ClCCO",
    "OCC(F)(F)F",
    "CN(C)C(=O)Cl",
    "COC(=O)Cl",
    "O=C(Cl)Cl",
    "O=C(Oc1ccccc1)Oc1ccccc1",
    "COC(=O)N",
    "NC(N)=O",
    "NC(=N)N",
    "NC(=S)N",
    "N=C(c1ccccc1)c1ccccc1",
    "S=C(c1ccccc1)c1ccccc1",
    "CC=NO",
    "NCCCCCC(=O)OC",
    "Nc1ccc(C(=O)Oc2ccc(N)cc2)cc1",
    "NCCCCCCC(=O)c1ccccc1",
    "Nc1ccccc1C(=O)c1ccccc1",
    "CN(C)CNC(C)=O",
    "COP(=O)(OC)OC",
    "OB(O)c1cccs1",
    "OB(O)c1cccnc1",
    "O=C(Cl)c1ccccn1",
    "CC(=O)c1ccccc1C(=O)O",
    "C=C(C)C(=O)OCCN(C)C",
    "C=C(C#N)C(=O)OCC",
    "C(=Nc1ccccc1)c1ccccc1",
    "Nc1ccc(N=Cc2ccccc2)cc1",
    "CC(=O)C=C(C)N",
    "C=CNC(C)=O",
    "C=CN(C)C",
    "FC(F)(F)N(C(F)(F)F)C(F)(F)F",
    "O=C1CCC(=O)N1Br",
    "COC(C)OC",
    "C1COCO1",
    "CN(C)CN(C)C",
    "[N-]=[N+]=NC(=O)c1ccc(O)cc1",
    "C=C1CC(=O)O1",
    "OCC1CO1",
    "Nc1ccc(C(=O)O)cc1",
    "O=Cc1ccc(O)cc1",
    "C1=CC2CCC1C2",
    "C1=CC2CC1C1CC=CC12",
    "O=C1OC(=O)c2ccccc21",
    "CSSC",
    "O=C(O)C(=O)O",
    "OP(O)(=O)C(=O)O",
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_molecule_that_cannot_exist_is_refused_by_name(name):
    for smiles in REFUSED[name]:
        assert impossible(Chem.MolFromSmiles(smiles)) == name, smiles


def test_every_motif_has_its_molecules():
    data = yaml.safe_load(built_in("motifs.yaml"))
    assert {*data["monomers"], *data["incompatible"]} <= REFUSED.keys()


@pytest.mark.parametrize("smiles", STAY)
def test_a_stable_relative_stays(smiles):
    assert impossible(Chem.MolFromSmiles(smiles)) is None


def test_a_library_keeps_out_what_cannot_exist_and_says_why():
    entries = [Entry("carbamic", "O=C(O)Nc1ccc(O)cc1"), Entry("enol", "C=CO"), Entry("lactic", "CC(O)C(=O)O")]
    library = MonomerLibrary.of(entries)
    assert [(monomer.name, why) for monomer, why in library.refused] == [
        ("carbamic", "carbamic acid"),
        ("enol", "enol"),
    ]
    assert {text for text, _ in enumerate_polymers(library)} == {"*OC(C)C(*)=O"}


CARBAMATES_AND_CARBONATES = {
    "*Oc1ccc(NC(*)=O)cc1": "Curtius polyaddition",
    "*OCCCCNC(*)=O": "Curtius polyaddition",
    "*OCCCCOC(=O)NCCCCCCNC(*)=O": "polyurethane formation",
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1": "interfacial polycarbonate synthesis",
    "*OCCCCCCOC(*)=O": "melt polycarbonate synthesis",
    "*OCCCOC(*)=O": "cyclic carbonate ring opening",
    "*OCC(C)OC(*)=O": "carbon dioxide and epoxide ring opening",
}


@pytest.mark.parametrize("psmiles", CARBAMATES_AND_CARBONATES)
def test_carbamates_and_carbonates_come_from_what_chemists_use(psmiles):
    found = routes(RepeatUnit.from_psmiles(psmiles))
    assert CARBAMATES_AND_CARBONATES[psmiles] in {route.reaction for route in found}
    for route in found:
        assert "acid condensation" not in route.reaction
        for monomer in route.monomers:
            assert impossible(Chem.MolFromSmiles(monomer.smiles)) is None


@pytest.mark.parametrize(
    ("psmiles", "reason"),
    [
        ("*CC(*)NC(=O)O", "carbamic, carbonic or haloformic acid"),
        ("*CC(*)OC(=O)O", "carbamic, carbonic or haloformic acid"),
        ("*CC(*)C(O)OC", "hemiacetal"),
        ("*CC(*)SO", "sulfenic acid"),
        ("*CC(*)(C(C)=O)C(=O)O", "beta-keto acid"),
        ("*CC(*)C(=O)OP(=O)(OC)OC", "acyl phosphate"),
        ("*CC(*)C(O)F", "halohydrin carbon"),
    ],
)
def test_repeat_units_bear_no_such_side_group_either(psmiles, reason):
    assert Filters(sa_score=None).reason(RepeatUnit.from_psmiles(psmiles)) == f"forbidden motif {reason}"


@pytest.mark.parametrize(
    "psmiles",
    ["*CC(*)C(=O)O", "*CC(*)OC(C)=O", "*OC1C(O)C(O)C(*)OC1CO", "*CC(*)O", "*CC(*)OC(=O)NC", "*CC(*)(C(C)=O)C(=O)OC"],
)
def test_repeat_units_of_stable_groups_pass(psmiles):
    assert Filters(sa_score=None).reason(RepeatUnit.from_psmiles(psmiles)) is None
