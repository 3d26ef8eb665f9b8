"""Loading of saved language models, and a cache of fitted n-gram models."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generators.errors import InvalidModelFile
from generators.language.model import LanguageModel
from generators.language.ngram import FORMAT as NGRAM_FORMAT
from generators.language.ngram import VERSION as NGRAM_VERSION
from generators.language.ngram import NGramModel
from mdcore.chem.damage import UNREADABLE

_NEURAL_FORMAT = "polymer-designer GRU"


def load_model(path: Path | str) -> LanguageModel[Any]:
    """Read a saved n-gram or neural model.

    Raises:
        InvalidModelFile: The file cannot be read, or is not a language model.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            kind = json.loads(str(file["header"]))["format"]
    except (OSError, *UNREADABLE) as error:
        reason = "NumPy cannot read it" if isinstance(error, ValueError) else getattr(error, "strerror", None) or error
        raise InvalidModelFile(
            f"{path} is not a saved language model ({reason}); give a file that `designer train` wrote"
        ) from error
    if kind == NGRAM_FORMAT:
        return NGramModel.load(path)
    if kind == _NEURAL_FORMAT:
        from generators.language.neural import NeuralModel

        return NeuralModel.load(path)
    raise InvalidModelFile(f"{path} has the format {kind!r}; give an n-gram or a GRU model")


def cached_ngram(units: Sequence[str], order: int = 10, cache_dir: Path | None = None) -> NGramModel:
    """Return the n-gram model of a set of repeat units, from the cache if it was fitted before.

    Args:
        units: Canonical keys.
        order: 1 to 20.
        cache_dir: Cache folder; by default `polymer-designer` in the user's cache folder.

    Raises:
        NothingToLearn: The grammar can express none of the units.
    """
    if cache_dir is None:
        from platformdirs import user_cache_path

        cache_dir = user_cache_path("polymer-designer")
    from rdkit import rdBase

    digest = hashlib.sha256(json.dumps([NGRAM_FORMAT, NGRAM_VERSION, rdBase.rdkitVersion, order, *units]).encode())
    path = Path(cache_dir) / f"ngram-{order}-{digest.hexdigest()[:20]}.npz"
    if path.exists():
        try:
            return NGramModel.load(path)
        except InvalidModelFile:
            # A damaged file in the cache is replaced.
            path.unlink(missing_ok=True)
    model = NGramModel.fit(units, order)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return model
