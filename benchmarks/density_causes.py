"""Causes of the low density of simulated polymers: one factor changed at a time, in melts of polystyrene and PMMA.

A melt at 600 K loses the memory of its history within the run, so that cooling rate and protocol do not matter. The remaining factors
are the force field, its charges, the cutoff, the time step, and the finite length and number of chains. Experiment: Tait equations
of Zoller and Walsh, Standard Pressure-Volume-Temperature Data for Polymers (1995), for high polymers at 1 bar::

    polystyrene  V = 0.9287 exp(5.131e-4 t)                      cm3/g, t in C
    PMMA         V = 0.8254 + 2.8383e-4 t + 7.792e-7 t^2         cm3/g, t in C

extrapolated from their upper limits (about 520 K) to 600 K. The density of a cell of 600 atoms fluctuates slowly by 3 %, so that every
factor is simulated with several seeds; the error of a mean comes from their scatter. Runs are kept under --work, so that an interrupted
run can be resumed; seeds are processed in turn, so that partial results include all factors.

    python -m benchmarks.density_causes [--json] [--quick] [--minutes 60] [--seeds 3] [--work runs/causes]
"""

import math
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.common import answer, command_line, figure
from mdcore.chem import Failure, RepeatUnit
from mdcore.chem.constants import ZERO_CELSIUS_K
from mdcore.measure import simulate
from mdcore.settings import SimulationSettings

TEMPERATURE_K = 600.0
CELSIUS = TEMPERATURE_K - ZERO_CELSIUS_K
POLYMERS = {
    "PMMA": ("*CC(*)(C)C(=O)OC", 1.0 / (0.8254 + 2.8383e-4 * CELSIUS + 7.792e-7 * CELSIUS**2)),
    "PS": ("*CC(*)c1ccccc1", 1.0 / (0.9287 * math.exp(5.131e-4 * CELSIUS))),
}
FACTORS = {
    "reference": {},
    "six chains of 95 atoms": {"cell": {"n_chains": 6, "atoms_per_chain": 95}},
    "one chain of 570 atoms": {"cell": {"n_chains": 1, "atoms_per_chain": 570}},
    "Sage 2.3.0": {"force_field": {"smirnoff": "openff-2.3.0.offxml"}},
    "Sage 2.0.0": {"force_field": {"smirnoff": "openff-2.0.0.offxml"}},
    "Parsley 1.3.1": {"force_field": {"smirnoff": "openff-1.3.1.offxml"}},
    "charges of NAGL 0.1.0-rc.3": {"force_field": {"charge_model": "openff-gnn-am1bcc-0.1.0-rc.3.pt"}},
    "no dispersion correction": {"force_field": {"dispersion_correction": False}},
    "time step 2 fs": {"protocol": {"timestep_fs": 2.0}},
    "ten times as long": {"protocol": {"settle_ps": 200.0, "sample_ps": 600.0}},
    "melted at 1000 K before": {"protocol": {"max_temperature_K": 1000.0, "melt_ps": 40.0, "cool_ps": 20.0}},
    "twice the chains": {"cell": {"n_chains": 6, "atoms_per_chain": 190}},
    "twice the chains, cutoff 1.0 nm": {
        "cell": {"n_chains": 6, "atoms_per_chain": 190},
        "force_field": {"cutoff_nm": 1.0},
    },
}
PROTOCOL = {
    "temperature_K": TEMPERATURE_K,
    "max_temperature_K": TEMPERATURE_K,
    "melt_ps": 10.0,
    "cool_ps": 0.0,
    "settle_ps": 20.0,
    "sample_ps": 60.0,
    "max_extensions": 0,
}


def melt(name, factor, seed, threads, psmiles, experiment, out):
    """Simulate one melt and return its row."""
    change = FACTORS[factor]
    document = {"preset": "quick-1", "execution": {"threads": threads}, **change}
    document["protocol"] = PROTOCOL | change.get("protocol", {})
    result = simulate(RepeatUnit.from_psmiles(psmiles), SimulationSettings.model_validate(document), seed=seed, out=out)
    if isinstance(result, Failure):
        raise SystemExit(f"{name}, {factor}: {result.message}")
    density = result.measurements[0]
    return {
        "polymer": name,
        "factor": factor,
        "seed": seed,
        "simulated_g_cm3": round(density.value, 4),
        "stderr_g_cm3": round(density.stderr, 4),
        "experiment_g_cm3": round(experiment, 4),
        "n_atoms": result.diagnostics["n_atoms"],
    }


def main():
    parser = command_line(__doc__, "two factors of one polymer; the result is not saved")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--factors", nargs="+", choices=tuple(FACTORS), help="run only these; the result is not saved")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/causes"))
    options = parser.parse_args()
    deadline = time.monotonic() + 60.0 * options.minutes
    polymers = dict(list(POLYMERS.items())[:1]) if options.quick else POLYMERS
    rows = []
    for seed in range(1, 2 if options.quick else options.seeds + 1):
        for factor in options.factors or list(FACTORS)[: 2 if options.quick else None]:
            for name, (psmiles, experiment) in polymers.items():
                out = options.work / name / factor.replace(" ", "-") / str(seed)
                if (out / "result.json").exists() or time.monotonic() < deadline:
                    rows.append(melt(name, factor, seed, options.threads, psmiles, experiment, out))
                    print(rows[-1], file=sys.stderr, flush=True)
    figures = {}
    for factor in FACTORS:
        errors = [
            [
                r["simulated_g_cm3"] - r["experiment_g_cm3"]
                for r in rows
                if (r["factor"], r["polymer"]) == (factor, name)
            ]
            for name in polymers
        ]
        if all(errors):
            label = factor.replace(" ", "_").replace(",", "")
            figures[f"mean_error_{label}"] = figure(round(float(np.mean([np.mean(e) for e in errors])), 4), "g/cm3")
            if all(len(e) > 1 for e in errors):
                variance = sum(np.var(e, ddof=1) / len(e) for e in errors) / len(errors) ** 2
                figures[f"stderr_{label}"] = figure(round(float(np.sqrt(variance)), 4), "g/cm3")
    answer("density_causes", figures, keep=not options.quick and not options.factors and bool(rows), runs=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
