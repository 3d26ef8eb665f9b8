"""The increment table holds what the committed benchmark derived from linear response."""

import json
from pathlib import Path

import pytest
from rdkit import Chem

from mdcore.optics.additive import increment_weights, sum_increments
from mdcore.optics.increments import increments

RESULTS = Path(__file__).parents[4] / "benchmarks" / "results" / "optics_increments.json"


def test_rows_from_linear_response_are_those_of_the_benchmark():
    rows = {row.name: row for kind in ("atom", "bond", "ring") for row in increments(kind)}
    taken = [row for row in json.loads(RESULTS.read_text(encoding="utf-8"))["rows"] if row["taken"]]
    assert len(taken) > 10
    for row in taken:
        own = rows[row["row"]]
        assert own.r_F - own.r_C == pytest.approx(row["dispersion_cm3_mol"], abs=5e-4), own.name
        assert own.dispersion_error == pytest.approx(row["relative_error"], abs=0.01), own.name
        assert f"linear response of {row['reference']} " in own.source
    from_response = {row.name for row in rows.values() if "linear response" in row.source}
    assert from_response == {row["row"] for row in taken}


@pytest.mark.parametrize(
    "smiles", ["CCOC(C)=O", "c1ccc(-c2ccccc2)cc1", "C[Si](C)(C)O[Si](C)(C)C", "C1CCSC1", "CC(F)(F)F"]
)
def test_weights_rebuild_the_sum(smiles):
    mol = Chem.MolFromSmiles(smiles)
    total = sum(weight * row.r_D for row, weight in increment_weights(mol).items())
    assert sum_increments(mol).r_D == pytest.approx(total, rel=1e-12)
