"""The strategies of a backtest."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from designer.config import CampaignConfig, load_config
from designer.errors import InvalidRequest
from mdcore.chem import Composition
from surrogates import AcquisitionSettings, SurrogateSettings
from surrogates.features import FeatureLookup, Features, features_from_arrays, shared_featuriser
from surrogates.replay import Strategy

OWN = "campaign"
"""The strategy of the campaign file itself."""

RBF = "ehvi-rbf"
"""SPACIER-like: expected hypervolume improvement of Gaussian processes with one isotropic RBF kernel on force-field descriptors."""

BASELINES = (OWN, RBF, "max-variance", "random")
METHODS: tuple[str, ...] = get_args(AcquisitionSettings.model_fields["method"].annotation)
CLIP = 10.0
"""Clipping of standardised descriptors, in standard deviations."""


def strategies_of(names: Sequence[str], config: CampaignConfig, units: Sequence[Composition]) -> tuple[Strategy, ...]:
    """Build strategies by name, with the features of the pool computed once.

    A name is `campaign` (the sections surrogates and acquisition of the file), `ehvi-rbf`, a method of the acquisition (with the
    file's surrogates), or the path of another campaign file.

    Args:
        names: Distinct names.
        config: The campaign file.
        units: The pool, and other units known at the start.

    Raises:
        InvalidRequest: A name is unknown or occurs twice.
    """
    found = named_strategies(names, config)
    return tuple(
        Strategy(s.name, s.surrogates, s.acquisition, FeatureLookup.of(units, _features(s, units))) for s in found
    )


def named_strategies(names: Sequence[str], config: CampaignConfig) -> list[Strategy]:
    """Return strategies by name, as `strategies_of` does, without features.

    Raises:
        InvalidRequest: A name is unknown or occurs twice.
    """
    found = [_strategy(name, config) for name in names]
    labels = [strategy.name for strategy in found]
    for label in labels:
        if labels.count(label) > 1:
            raise InvalidRequest(f"--strategy {label!r} is given twice; remove one of them")
    return found


def _strategy(name: str, config: CampaignConfig) -> Strategy:
    if name == OWN:
        return Strategy(OWN, config.surrogates.settings(), config.acquisition)
    if name == RBF:
        # As in SPACIER, the front is that of the measured values, uncertainties include the noise, the reference is far away, and the
        # individually best candidates form a batch.
        surrogates = SurrogateSettings(features="force-field", radial="rbf", trend=False, residual="peculiar")
        return Strategy(RBF, surrogates, AcquisitionSettings(method="expected", reference="worst", conditioned=False))
    if name in METHODS:
        # The method's name is checked above; a copy would not validate it again.
        changed = {**config.acquisition.model_dump(), "method": name}
        return Strategy(name, config.surrogates.settings(), AcquisitionSettings.model_validate(changed))
    if Path(name).suffix in (".yaml", ".yml"):
        other = load_config(name, answered=True)
        return Strategy(other.name, other.surrogates.settings(), other.acquisition)
    raise InvalidRequest(
        f"--strategy {name!r} is unknown; use {OWN}, {RBF}, {', '.join(METHODS)}, or the path of a campaign file"
    )


def _features(strategy: Strategy, units: Sequence[Composition]) -> Features:
    if strategy.acquisition.method == "random":
        # A random choice needs no features.
        return features_from_arrays(descriptors=np.zeros((len(units), 0)))
    features = shared_featuriser(strategy.surrogates)(units)
    if strategy.name != RBF:
        return features
    table = features.descriptors
    spread = table.std(axis=0)
    kept = spread > 1e-9
    standard = np.clip((table[:, kept] - table[:, kept].mean(axis=0)) / spread[kept], -CLIP, CLIP)
    return Features(features.bits, features.sizes, standard, features.identities)
