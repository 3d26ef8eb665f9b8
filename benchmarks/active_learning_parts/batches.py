"""Chosen batches against BoTorch's `optimize_acqf_discrete`: joint value and time, on pools that it can handle."""

import sys
import time
import warnings

import numpy as np

from benchmarks.active_learning_parts.data import NAMES, replay_oracle
from benchmarks.common import figure
from surrogates import AcquisitionSettings, Objective, Observations, SurrogateSettings, fit_surrogates, select_batch

MEASURED, POOL, BATCH = 40, 500, 5
SAMPLES = 64
JUDGE, JUDGES = 2048, 8
"""Samples of each acquisition function that evaluates both batches, and number of these functions; drawn independently of the choice."""


def run(quick: bool, options) -> dict[str, dict]:
    import torch
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
    from botorch.optim import optimize_acqf_discrete
    from botorch.sampling.normal import SobolQMCNormalSampler

    from surrogates.models.botorch_model import feature_tensor, to_botorch

    oracle, _ = replay_oracle()
    fine = np.flatnonzero(~np.isnan(oracle.table([Objective(name) for name in NAMES])).any(axis=1))
    ratios, differences, errors = [], [], []
    for seed in range(1 if quick else 5):
        rows = np.random.default_rng(seed).permutation(fine)
        known, pool = rows[:MEASURED], rows[MEASURED : MEASURED + POOL]
        seen = Observations(tuple(oracle.units[i] for i in known), {name: oracle.values[name][known] for name in NAMES})
        # BoTorch's model has no term for the residual of a polymer.
        surrogates = fit_surrogates(seen, NAMES, SurrogateSettings(residual="noise"))
        lows = [float(oracle.values[name][known].min()) for name in NAMES]
        objectives = [Objective(name, low=low) for name, low in zip(NAMES, lows, strict=True)]
        units = [oracle.units[i] for i in pool]
        surrogates.featurise(units)
        begun = time.process_time()
        ours = select_batch(
            surrogates, units, objectives, BATCH, (), AcquisitionSettings(method="improvement", samples=SAMPLES), seed
        )
        own_time = time.process_time() - begun
        model, base, choices = (
            to_botorch(surrogates),
            feature_tensor(surrogates, seen.units),
            feature_tensor(surrogates, units),
        )

        def acquisition(samples: int, sampler_seed: int):
            return qLogNoisyExpectedHypervolumeImprovement(
                model=model,  # noqa: B023 - called within the same turn
                ref_point=lows,  # noqa: B023
                X_baseline=base,  # noqa: B023
                sampler=SobolQMCNormalSampler(torch.Size([samples]), seed=sampler_seed),
                prune_baseline=True,
            )

        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            # BoTorch compiles a kernel at the first evaluation, which is excluded from the timing.
            acquisition(8, seed)(choices[:1].unsqueeze(0))
            begun = time.process_time()
            theirs, _ = optimize_acqf_discrete(acquisition(SAMPLES, seed), BATCH, choices, max_batch_size=64)
            peer_time = time.process_time() - begun
            gains = []
            for number in range(JUDGES):
                judge = acquisition(JUDGE, 1000 + JUDGES * seed + number)
                own, peer = (float(judge(batch.unsqueeze(0))) for batch in (choices[list(ours.indices)], theirs))
                gains.append(own - peer)
        ratios.append(peer_time / own_time)
        differences.append(float(np.mean(gains)))
        errors.append(float(np.std(gains, ddof=1) / np.sqrt(JUDGES)))
        told = f"{differences[-1]:+.5f} +- {errors[-1]:.5f}"
        print(f"seed {seed}: joint {told}, {own_time:.2f} s against {peer_time:.1f} s", file=sys.stderr, flush=True)
    key = f"batch of {BATCH} from {POOL}, {MEASURED} measured"
    return {
        f"{key}: joint log-acquisition less that of optimize_acqf_discrete, median": figure(
            float(np.median(differences)), "1", {"at_least": 0.0}
        ),
        f"{key}: the same, smallest": figure(float(min(differences)), "1"),
        f"{key}: the same, smallest plus two standard errors of the judges": figure(
            min(d + 2.0 * e for d, e in zip(differences, errors, strict=True)), "1", {"at_least": 0.0}
        ),
        f"{key}: processor time of optimize_acqf_discrete over ours, median": figure(
            float(np.median(ratios)), "1", {"at_least": 1.0}
        ),
    }
