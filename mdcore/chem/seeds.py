"""Random seeds derived from content, independent of order and parallelism."""

import hashlib

import numpy as np


def _words(text: str) -> list[int]:
    digest = hashlib.sha256(text.encode("utf-8")).digest()[:16]
    return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]


def seed_sequence(campaign_seed: int, content_key: str, purpose: str) -> np.random.SeedSequence:
    """Derive the seed of one draw for one piece of content.

    Args:
        campaign_seed: Seed of the campaign, zero or larger.
        content_key: Identity of the content, for example a canonical repeat-unit key.
        purpose: Name of the draw, for example `growth`.

    Raises:
        ValueError: `campaign_seed` is negative.
    """
    if campaign_seed < 0:
        raise ValueError(f"seed must not be negative, got {campaign_seed}; use zero or a positive integer")
    return np.random.SeedSequence([campaign_seed, *_words(content_key), *_words(purpose)])


def rng_for(campaign_seed: int, content_key: str, purpose: str) -> np.random.Generator:
    """Return the random generator of one draw for one piece of content; see `seed_sequence`."""
    return np.random.default_rng(seed_sequence(campaign_seed, content_key, purpose))


def openmm_seed(campaign_seed: int, content_key: str, purpose: str) -> int:
    """Return a seed for OpenMM in [1, 2**31 - 1]; zero would ask OpenMM to choose one itself."""
    word = int(seed_sequence(campaign_seed, content_key, purpose).generate_state(1, np.uint32)[0])
    return word % (2**31 - 1) + 1
