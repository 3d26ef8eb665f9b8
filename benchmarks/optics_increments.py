"""Dispersion of rows of the increment table from linear response, for rows without measured dispersion.

The level of many rows comes from n_D and density of a liquid whose dispersion was not measured. This script computes the dispersion of
such a liquid (data/increment_references.csv) with the DFT tier, corrected as fitted to other liquids in benchmarks/optics_levels.py,
subtracts the table's contribution of the rest of the molecule, and assigns the remainder to the row. Polymers are not used. A row is
changed if the resulting error is smaller than its stated error, or if the two values differ by more than twice their errors.

    python -m benchmarks.optics_increments [--json] [--quick] [--write]

--write puts the new values into mdcore/optics/refraction_increments.csv; a second run then finds them unchanged.
"""

import csv
import json
import math
import sys
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from benchmarks.common import answer, command_line, figure
from benchmarks.optics_levels import HERE, LEVELS, STORE
from mdcore.optics.additive import increment_weights
from mdcore.optics.density_functional import CORRECTIONS, REFRACTION_PER_A3, corrected_offsets
from mdcore.optics.pi import n_pi_atoms

TABLE = HERE.parent / "mdcore" / "optics" / "refraction_increments.csv"
LINES = ("C", "F", "g")
# Scatter of corrected dispersions around experiment for liquids without fused rings; see `robust` in optics_levels.json.
RELATIVE_ERROR = 0.05
NOTE = "dispersion by linear response of "


@dataclass(frozen=True)
class Proposal:
    """New offsets of one row from its D value, with the relative error of r_F - r_C."""

    row: str
    smiles: str
    offsets: dict[str, float | None]
    error: float
    before: float
    error_before: float


def offset(row, line):
    value = getattr(row, f"r_{line}")
    return None if value is None else value - row.r_D


def propose(row_name, smiles, alpha, replaced):
    """Return the new row; `replaced` holds the offsets of earlier rows of this run."""
    mol = Chem.MolFromSmiles(smiles)
    fraction = n_pi_atoms(mol) / mol.GetNumHeavyAtoms()
    raw = REFRACTION_PER_A3 * np.array(alpha)
    target = dict(zip(LINES, corrected_offsets(raw, CORRECTIONS[LEVELS[0]], fraction), strict=True))
    weights = increment_weights(mol)
    own = next(row for row in weights if row.name == row_name)
    found: dict[str, float | None] = {}
    for line in LINES:
        rest = [
            (w, replaced.get(row.name, {}).get(line, offset(row, line))) for row, w in weights.items() if row is not own
        ]
        known = all(value is not None for _, value in rest)
        found[line] = (target[line] - sum(w * v for w, v in rest)) / weights[own] if known else None
    spread = found["F"] - found["C"]
    total = target["F"] - target["C"]
    error = RELATIVE_ERROR * total / abs(weights[own] * spread)
    before = own.r_F - own.r_C
    return Proposal(row_name, smiles, found, error, before, own.dispersion_error), own


def main():
    parser = command_line(__doc__, "as without it, but the committed results are not written")
    parser.add_argument("--write", action="store_true", help="change the table")
    options = parser.parse_args()
    store = json.loads(STORE.read_text(encoding="utf-8"))[LEVELS[0]]
    replaced, changed, table, figures = {}, {}, [], {}
    with (HERE / "data" / "increment_references.csv").open(encoding="utf-8") as lines:
        references = [(row["row"], Chem.CanonSmiles(row["smiles"])) for row in csv.DictReader(lines)]
    for row_name, smiles in references:
        if smiles not in store:
            continue
        proposal, own = propose(row_name, smiles, store[smiles], replaced)
        new, old = proposal.offsets["F"] - proposal.offsets["C"], proposal.before
        errors = abs(proposal.error * new), abs(own.dispersion_error * old)
        # Second case: the difference exceeds both errors, so that the stated error is too small.
        better = NOTE in own.source or errors[0] < errors[1] or abs(new - old) > 2.0 * math.hypot(*errors)
        if better:
            replaced[row_name] = proposal.offsets
            changed[row_name] = proposal
        table.append(
            {
                "row": row_name,
                "reference": smiles,
                "dispersion_cm3_mol": round(new, 4),
                "relative_error": round(proposal.error, 3),
                "in_table": round(proposal.before, 4),
                "error_in_table": proposal.error_before,
                "taken": better,
            }
        )
        print(table[-1], file=sys.stderr)
    figures["rows_with_a_reference"] = figure(len(table), "1")
    figures["rows_taken"] = figure(len(changed), "1")
    deviations = [abs(r["in_table"] - r["dispersion_cm3_mol"]) for r in table if r["taken"]]
    # Nothing remains to be changed once the table has been written.
    figures["largest_difference_to_table"] = figure(round(max(deviations), 4), "cm3/mol")
    if options.write:
        rewrite(changed)
    answer("optics_increments", figures, keep=not options.quick, rows=table)
    return 0


def rewrite(changed):
    with TABLE.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        names, rows = reader.fieldnames, list(reader)
    for row in rows:
        proposal = changed.get(row["name"])
        if proposal is None:
            continue
        for line in LINES:
            value = proposal.offsets[line]
            row[f"r_{line}"] = "" if value is None else f"{float(row['r_D']) + value:.4f}"
        row["dispersion_error"] = f"{proposal.error:.2f}"
        if NOTE not in row["source"]:
            source = row["source"].split("; dispersion")[0].split("; excess dispersion")[0]
            row["source"] = f"{source}; {NOTE}{proposal.smiles} (PBE0/aug-cc-pVDZ, benchmarks/optics_increments.py)"
    with TABLE.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
