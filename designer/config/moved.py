"""Settings that have moved: campaign files with the old keys are read, and `load_config` warns about them."""

from collections.abc import Mapping
from typing import Any

MOVED = {
    ("generator", "refresh_every"): ("surrogates", "refit_every"),
    ("generator", "refresh_growth"): ("surrogates", "refit_growth"),
}
"""Section and key of each setting until version 0.1, and since."""


RENAMED = {("generator", "smc", "max_stages"): "max_steps"}
"""Settings whose section reads the name until version 0.2, and the name since."""


class MovedSetting(FutureWarning):
    """A campaign file has a setting under its old key."""


def moved_settings(document: Any) -> list[str]:
    """Return one line for each setting that a document has under its old key."""
    keys: list[tuple[tuple[str, ...], tuple[str, ...]]] = [*MOVED.items()]
    keys += [(old, (*old[:-1], name)) for old, name in RENAMED.items()]
    return [f"{'.'.join(old)} is deprecated; write {'.'.join(new)}" for old, new in keys if _has(document, *old)]


def with_moved_settings(document: Any) -> Any:
    """Return a document with the settings under their present keys.

    Raises:
        ValueError: A setting is written under both keys.
    """
    for (section, key), (new_section, new_key) in MOVED.items():
        target = document.get(new_section, {}) if isinstance(document, Mapping) else None
        if not _has(document, section, key) or not isinstance(target, Mapping):
            continue
        if new_key in target:
            raise ValueError(
                f"{section}.{key} is the old key of {new_section}.{new_key}, and both are written; remove {section}.{key}"
            )
        rest = {name: value for name, value in document[section].items() if name != key}
        document = {**document, section: rest, new_section: {**target, new_key: document[section][key]}}
    return document


def _has(document: Any, *keys: str) -> bool:
    for key in keys:
        if not isinstance(document, Mapping) or key not in document:
            return False
        document = document[key]
    return True
