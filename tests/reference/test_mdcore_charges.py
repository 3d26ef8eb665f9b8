"""Charges are those of OpenFF's toolkit, also where its search for resonance forms would not end."""

import numpy as np
import pytest

from mdcore.chem import RepeatUnit
from mdcore.chem.errors import UnparameterisableError
from mdcore.forcefield.charges import nagl_charges

pytestmark = pytest.mark.seconds(40)

MODEL = "openff-gnn-am1bcc-1.0.0.pt"
POLYIMIDE = "*P(=O)(c1ccc(C(F)(F)F)cc1)c1cccc(-n2c(=O)c3cc4c(=O)n(-c5cccc(*)c5)c(=O)c4cc3c2=O)c1"


def molecule_of(smiles: str):
    from openff.toolkit import Molecule

    return Molecule.from_smiles(smiles, allow_undefined_stereo=True)


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)NC",  # neutral donor and acceptor: nothing can change
        "O=C(OCCOC(=O)c1ccc(cc1)C(=O)OC)c1ccc(cc1)C(=O)OCCO",
        "CC(=O)[O-]",
        "CN=[N+]=[N-]",
        "C[n+]1ccc(C=C[O-])cc1",  # charges that meet over a ring
        "Nc1ccc(/N=N/c2ccc([N+](=O)[O-])cc2)cc1",
        "O=[N+]([O-])c1cc([N+](=O)[O-])cc(c1)C(=O)Nc1ccc(NC(=O)c2ccccc2)cc1",  # larger: around the nitro groups only
        "O=[N+]([O-])c1ccc(cc1)-c1ccc(cc1)-c1ccc(cc1)-c1ccc(N)cc1",
    ],
)
def test_charges_equal_those_of_the_toolkit(smiles: str) -> None:
    from openff.toolkit.utils.nagl_wrapper import NAGLToolkitWrapper

    molecule = molecule_of(smiles)
    ours = nagl_charges(molecule, MODEL)
    molecule.assign_partial_charges(MODEL, toolkit_registry=NAGLToolkitWrapper())
    np.testing.assert_allclose(ours, molecule.partial_charges.m_as("elementary_charge"), rtol=0, atol=1e-7)
    assert ours.sum() == pytest.approx(molecule.total_charge.m_as("elementary_charge"), abs=1e-9)


@pytest.mark.timeout(120)  # without bounds it does not end in hours
def test_a_conjugated_chain_with_many_donors_and_acceptors_gets_charges() -> None:
    from openff.toolkit import Molecule
    from rdkit import Chem

    oligomer = Chem.AddHs(RepeatUnit.from_psmiles(POLYIMIDE).oligomer(5))
    charges = nagl_charges(Molecule.from_rdkit(oligomer, allow_undefined_stereo=True), MODEL)
    # The first and the last units are other environments, the second and third are one to within the model's reach.
    assert np.abs(charges).max() < 2.0
    phosphorus = [atom.GetIdx() for atom in oligomer.GetAtoms() if atom.GetSymbol() == "P"]
    np.testing.assert_allclose(charges[phosphorus[1:-1]], charges[phosphorus[2]], atol=0.01)


def test_a_model_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(UnparameterisableError, match="charge model 'none' failed: 'none' is not a model file"):
        nagl_charges(molecule_of("CC"), "none")
