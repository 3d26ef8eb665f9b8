"""What the filters accept, the force field can type."""

import numpy as np
import pytest

from generators import Filters, NGramModel, SMCGenerator
from generators.lists import known_polymers
from mdcore.chem import RepeatUnit
from mdcore.forcefield.parameters import _complete, load_force_field
from mdcore.settings import SimulationSettings


@pytest.mark.slow
def test_accepted_units_have_every_parameter():
    """A third of the sample is chosen for phosphorus, sulfur and nitrogen double bonds, where tables have gaps."""
    from openff.toolkit import Molecule
    from rdkit import Chem

    model = NGramModel.fit([entry.smiles for entry in known_polymers()], 4)
    drawn = SMCGenerator(model, filters=Filters(sa_score=7.0)).propose(400, np.random.default_rng(5))
    units = [candidate.unit for candidate in drawn]
    rare = Chem.MolFromSmarts("[#15,#16,$([#7]=*),$([#7]-[#7]),$([#7]-[#8])]")
    odd = [unit for unit in units if unit.mol.HasSubstructMatch(rare)][:20]
    force_field = load_force_field(SimulationSettings(preset="quick").force_field.smirnoff)
    for unit in [*units[:30], *odd]:
        molecule = Molecule.from_rdkit(Chem.AddHs(unit.oligomer(2)), allow_undefined_stereo=True)
        _complete(molecule, force_field.label_molecules(molecule.to_topology())[0])
    assert len(odd) > 5


def test_elements_without_parameters_are_refused():
    unit = RepeatUnit.from_psmiles("*C[Si](C)(C)*", elements=None)
    assert Filters().reason(unit) == "element Si"
