"""Other spellings of repeat units: read as the same chain, or refused by a line that says what to write."""

import time

import pytest

from mdcore.chem import InvalidRepeatUnit, RepeatUnit
from mdcore.chem.errors import InvalidMolecule
from mdcore.chem.notation import read_molecule
from mdcore.chem.spelling import MAX_ATOMS

SHIFTED = [
    ("*=CC=*", "*C=C*"),
    ("*#CC#*", "*C#C*"),
    ("C(=*)CCC=*", "*CCC=C*"),
    ("*=Cc1ccc(C=*)cc1", "*C=Cc1ccc(*)cc1"),
    ("*=CC1OC(C=*)C2C(=O)N(c3ccccc3)C(=O)C12", "*C=CC1OC(*)C2C(=O)N(c3ccccc3)C(=O)C12"),
    ("[*:2]=C[C@H](F)OC=[*:1]", "*C=C[C@H](F)O*"),
    ("*=NC(=O)CN=*", "*N=NC(=O)C*"),
]


@pytest.mark.parametrize(("text", "shifted"), SHIFTED)
def test_a_star_in_a_multiple_bond_moves_the_cut(text: str, shifted: str) -> None:
    unit, other = RepeatUnit.from_psmiles(text), RepeatUnit.from_psmiles(shifted)
    assert unit.key == other.key
    # Joined, both give one molecule but for its ends: four units hold the same bonds inside.
    assert unit.molar_mass_g_mol == pytest.approx(other.molar_mass_g_mol)
    assert unit.chain(3).mol.GetNumAtoms() == other.chain(3).mol.GetNumAtoms()


REFUSED = [
    ("*=C=*", "no acyclic single bond"),
    ("*=C1C=CC(=*)C=C1", "no acyclic single bond"),
    ("*=CC*", "bonds of different order"),
    ("*=C/C=C/C=*", "cis/trans marks next to stars"),
    ("[R]CC[R]", "write '*CC*'"),
    ("[R1]CC(c1ccccc1)[R2]", "write '*CC(c1ccccc1)*'"),
    ("[R]CC", "write * there"),
    ("{[$]CC[$]}", "BigSMILES is not supported, only the pSMILES of a repeat unit; write '*CC*'"),
    ("{[][$]CC([$])c1ccccc1[]}", "write '*CC(*)c1ccccc1'"),
    ("{[>]CCO[<]}", "write '*CCO*'"),
    ("{[][$]CC[$],[$]CC([$])C[]}", "one by one, as '*CC*', '*CC(*)C'"),
    ("CCO{[>][<]CCO[>][<]}O", "BigSMILES is not supported; write its repeat unit alone"),
    ("*CC* polyethylene", "write '*CC*' alone"),
    ("PE *CC*", "write '*CC*' alone"),
    ("*C C*", "write '*CC*' alone"),
    ("*CC* |$_AP1;;;_AP2$|", "write '*CC*' alone"),
    ("\u2217CC\u2217", "U+2217 (ASTERISK OPERATOR) is not allowed in SMILES; write '*CC*'"),
    ("*CC\u200b*", "U+200B (ZERO WIDTH SPACE) is not allowed in SMILES; write '*CC*'"),
    ("*CC\u2028*", "U+2028 (LINE SEPARATOR) is not allowed in SMILES; write '*CC*'"),
    ("*CC*\x1b[31m", "U+001B (a control character)"),
    ("[CH2CH2]n", "write '*CC*'"),
    ("-(CH2-CHCl)-n", "write '*CCCl*'"),
    ("(CCO)n", "write '*CCO*'"),
    ("polystyrene", "names are not supported; write the structure"),
    ("*CC(*", "1 opening and 0 closing parentheses"),
    ("CC*", "has 1 star; a repeat unit has exactly two"),
    ("*" + "C" * 1200 + "*", f"has 1200 heavy atoms, the limit is {MAX_ATOMS}"),
    ("*" + "C" * 100_000 + "*", "has 100002 characters, the limit is 5000"),
    ("*C" + "(C" * 2000 + ")" * 2000 + "*", "characters"),
    ("(" * 5000, "5000 opening and 0 closing parentheses"),
]


@pytest.mark.parametrize(("text", "fragment"), REFUSED, ids=[text[:20] for text, _ in REFUSED])
def test_the_line_says_what_to_write_instead(text: str, fragment: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(InvalidRepeatUnit) as caught:
        RepeatUnit.from_psmiles(text)
    # Nothing of this kind needs a hundredth of it; a machine that is busy may.
    assert time.perf_counter() - begun < 5
    assert fragment in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_molecules_are_told_alike() -> None:
    for text, fragment in (
        ("[R]CC[R]", "write '*CC*'"),
        ("CCO ethanol", "write 'CCO' alone"),
        ("C" * 2000, "heavy atoms"),
    ):
        with pytest.raises(InvalidMolecule, match=fragment.replace("*", r"\*")):
            read_molecule(text, None)
