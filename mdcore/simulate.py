"""The former name of `mdcore.measure`; it goes with version 0.3."""

import warnings
from typing import Any


def __getattr__(name: str) -> Any:
    from mdcore import measure

    if name not in measure.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"mdcore.simulate.{name} is deprecated; use mdcore.measure.{name}", DeprecationWarning, stacklevel=2)
    return getattr(measure, name)
