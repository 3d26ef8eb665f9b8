"""Densities of organic liquids at 298.15 K and 1 atm against experiment.

Experimental densities: CRC Handbook of Chemistry and Physics, section 3, at 20 C, carried to 25 C with the coefficients of
thermal expansion given there; the values below are those at 25 C as commonly tabulated (Riddick, Bunger, Sakano, Organic
Solvents, fourth edition).

    python benchmarks/liquid_densities.py [--json] [--quick] [--atoms 700] [--work runs/liquids]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from common import answer, figure

from mdcore.chem import Failure
from mdcore.settings import SimulationSettings
from mdcore.simulate import Liquid, simulate

LIQUIDS = {
    "hexane": ("CCCCCC", 0.6548),
    "toluene": ("Cc1ccccc1", 0.8622),
    "ethyl acetate": ("CCOC(C)=O", 0.8946),
    "acetonitrile": ("CC#N", 0.7766),
    "tetrahydrofuran": ("C1CCOC1", 0.8833),
    "dichloromethane": ("ClCCl", 1.3168),
    "anisole": ("COc1ccccc1", 0.9893),
    "N,N-dimethylformamide": ("CN(C)C=O", 0.9440),
}
PROTOCOL = {
    "temperature_K": 298.15,
    "compress_ps": 10.0,
    "cycle_pressures_atm": (),
    "melt_ps": 40.0,
    "cool_ps": 0.0,
    "cool_at": "pressure",
    "settle_ps": 20.0,
    "sample_ps": 120.0,
    "max_extensions": 2,
    "record_interval_ps": 0.2,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the answer is always JSON; kept for uniformity")
    parser.add_argument("--quick", action="store_true", help="three liquids, shorter; no result is kept")
    parser.add_argument("--atoms", type=int, default=700)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/liquids"))
    options = parser.parse_args()
    protocol = PROTOCOL | ({"sample_ps": 40.0, "melt_ps": 20.0, "max_extensions": 0} if options.quick else {})
    cell = {"n_chains": 1, "atoms_per_chain": options.atoms}
    document = {"preset": "quick", "cell": cell, "force_field": {"cutoff_nm": 0.9}, "protocol": protocol}
    settings = SimulationSettings.model_validate(document | {"execution": {"threads": options.threads}})
    rows = []
    for name in list(LIQUIDS)[: 3 if options.quick else None]:
        smiles, experiment = LIQUIDS[name]
        out = options.work / f"{'quick' if options.quick else 'full'}-{options.atoms}" / name.replace(" ", "-")
        result = simulate(Liquid(smiles), settings, seed=1, out=out)
        if isinstance(result, Failure):
            raise SystemExit(f"{name}: {result.message}")
        density = result.measurements[0]
        rows.append(
            {
                "liquid": name,
                "experiment_g_cm3": experiment,
                "simulated_g_cm3": round(density.value, 4),
                "stderr_g_cm3": round(density.stderr, 4),
                "relative_error": round(density.value / experiment - 1.0, 4),
                "n_molecules": result.diagnostics["n_chains"],
                "converged": result.diagnostics["converged"],
                "ns_per_day": result.diagnostics["ns_per_day"],
            }
        )
        print(rows[-1], file=sys.stderr)
    errors = np.array([row["relative_error"] for row in rows])
    figures = {
        "mean_error": figure(round(float(errors.mean()), 4), "1"),
        "largest_error": figure(round(float(np.abs(errors).max()), 4), "1"),
        "liquids_within_3_percent": figure(int((np.abs(errors) <= 0.03).sum()), "1", {"at_least": 6}),
    }
    answer("liquid_densities", figures, keep=not options.quick, liquids=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
