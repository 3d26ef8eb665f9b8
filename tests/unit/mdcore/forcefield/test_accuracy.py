"""Chemical classes of the force field's density benchmark."""

import pytest

from mdcore.chem import RepeatUnit
from mdcore.forcefield.accuracy import DensityError, classes_of, density_error

SAGE_2_3 = "openff-2.3.0.offxml"


@pytest.mark.parametrize(
    ("psmiles", "classes"),
    [
        ("*CC*", ("alkane",)),
        ("*CC(*)c1ccccc1", ("aromatic",)),
        ("*CC(*)(C)C(=O)OC", ("ester",)),
        ("*CCO*", ("dialkyl ether",)),
        ("*CO*", ("acetal", "dialkyl ether")),
        ("*OCC*", ("dialkyl ether",)),
        ("*CC(*)O", ("alcohol",)),
        ("*CC(*)Cl", ("alkyl chloride",)),
        ("*C/C=C/C*", ("alkene",)),
        ("*CCN*", ("amine",)),
        ("*CCN(*)C(C)=O", ("tertiary amide",)),
        # Groups that the benchmark lacks: secondary amides, nitriles, sulfides, carbonates.
        ("*NCCCCCC(=O)*", ("all",)),
        ("*CC(*)C#N", ("all",)),
        ("*c1ccc(S*)cc1", ("aromatic", "all")),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", ("aromatic", "all")),
        # An ester that the cut between two units divides.
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", ("ester", "aromatic")),
    ],
)
def test_classes_of_repeat_units_inside_their_chains(psmiles, classes):
    assert classes_of([RepeatUnit.from_psmiles(psmiles)]) == classes


def test_the_class_with_the_largest_error_counts():
    polyester = [RepeatUnit.from_psmiles("*OCCOC(=O)c1ccc(C(*)=O)cc1")]
    assert density_error(polyester, (), SAGE_2_3) == DensityError(0.0125, "aromatic", "openff-2.3.0")
    assert density_error(polyester, (), "openff-2.2.1.offxml") == DensityError(0.0159, "ester", "openff-2.2.1")
    units = [RepeatUnit.from_psmiles(text) for text in ("*CC*", "*CCN*")]
    assert density_error(units, (), SAGE_2_3).chemical_class == "amine"
    expected = DensityError(0.0315, "amino alcohol", "openff-2.3.0")
    assert density_error((), ["CCN(CC)CCO"], SAGE_2_3) == expected


def test_a_force_field_without_a_benchmark_gets_the_error_of_all_liquids():
    assert density_error((), ["CCCCCC"], "my.offxml") == DensityError(0.0190, "all", "openff-2.2.1")
