"""Densities of organic liquids at 1 atm against experiment, at 298.15 K and close to their boiling points.

Experimental densities at 298.15 K: CRC Handbook of Chemistry and Physics, section 3, at 20 C, converted to 25 C with the
coefficients of thermal expansion given there; the values below are those at 25 C as commonly tabulated (Riddick, Bunger,
Sakano, Organic Solvents, fourth edition).

The pairs of temperatures show whether a force field that is accurate at room temperature has the correct thermal expansion, which
determines the density of polymer melts. Experiment there: the reference equation of state of Lemmon and Span (2006) as CoolProp 7
evaluates it.

    python -m benchmarks.liquid_densities [--json] [--quick] [--atoms 700] [--work runs/liquids]
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.common import answer, command_line, figure
from mdcore.chem import Failure
from mdcore.measure import Liquid, simulate
from mdcore.settings import SimulationSettings

ROOM_TEMPERATURE_K = 298.15
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
PAIRS = {
    "toluene": ("Cc1ccccc1", (298.15, 0.8622), (373.15, 0.7900)),
}
"""Name: SMILES, and temperature in K and density in g/cm3, twice."""
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


def suffix(options):
    """Return the suffix of the result's name for a force field other than the default."""
    return f"_{Path(options.smirnoff).stem}" if options.smirnoff else ""


def measure(name, smiles, temperature, experiment, options):
    """Simulate one liquid and return its row."""
    protocol = PROTOCOL | {"temperature_K": temperature}
    if options.quick:
        protocol |= {"sample_ps": 40.0, "melt_ps": 20.0, "max_extensions": 0}
    cell = {"n_chains": 1, "atoms_per_chain": options.atoms}
    force_field = {"cutoff_nm": 0.9} | ({"smirnoff": options.smirnoff} if options.smirnoff else {})
    document = {"preset": "quick-1", "cell": cell, "force_field": force_field, "protocol": protocol}
    settings = SimulationSettings.model_validate(document | {"execution": {"threads": options.threads}})
    label = name.replace(" ", "-") + ("" if temperature == ROOM_TEMPERATURE_K else f"-{temperature:g}K")
    kind = f"{'quick' if options.quick else 'full'}-{options.atoms}{suffix(options)}"
    out = options.work / kind / label
    result = simulate(Liquid(smiles), settings, seed=1, out=out)
    if isinstance(result, Failure):
        raise SystemExit(f"{name}: {result.message}")
    density = result.measurements[0]
    row = {
        "liquid": name,
        "temperature_K": temperature,
        "experiment_g_cm3": experiment,
        "simulated_g_cm3": round(density.value, 4),
        "stderr_g_cm3": round(density.stderr, 4),
        "relative_error": round(density.value / experiment - 1.0, 4),
        "n_molecules": result.diagnostics["n_chains"],
        "converged": result.diagnostics["converged"],
        "ns_per_day": result.diagnostics["ns_per_day"],
    }
    print(row, file=sys.stderr, flush=True)
    return row


def main():
    parser = command_line(__doc__, "three liquids, shorter; the result is not saved")
    parser.add_argument("--smirnoff", help="force field instead of the default, for example openff-2.3.0.offxml")
    parser.add_argument("--atoms", type=int, default=700)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/liquids"))
    options = parser.parse_args()
    rows = [
        measure(name, smiles, ROOM_TEMPERATURE_K, experiment, options)
        for name, (smiles, experiment) in list(LIQUIDS.items())[: 3 if options.quick else None]
    ]
    pairs = [
        [measure(name, smiles, *point, options) for point in points]
        for name, (smiles, *points) in ({} if options.quick else PAIRS).items()
    ]
    errors = np.array([row["relative_error"] for row in rows])
    figures = {
        "mean_error": figure(round(float(errors.mean()), 4), "1"),
        "largest_error": figure(round(float(np.abs(errors).max()), 4), "1"),
        "liquids_within_3_percent": figure(int((np.abs(errors) <= 0.03).sum()), "1", {"at_least": 6}),
    }
    if pairs:
        cool, hot = (np.array([pair[i]["relative_error"] for pair in pairs]) for i in (0, 1))
        warming = np.array([pair[1]["temperature_K"] - pair[0]["temperature_K"] for pair in pairs])
        figures |= {
            "mean_error_of_pairs_cool": figure(round(float(cool.mean()), 4), "1"),
            "mean_error_of_pairs_hot": figure(round(float(hot.mean()), 4), "1"),
            "error_gained_by_100_K": figure(round(float(((hot - cool) / warming).mean() * 100.0), 4), "1"),
        }
    answer(f"liquid_densities{suffix(options)}", figures, keep=not options.quick, liquids=rows, pairs=pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
