"""Reading a saved language model of either kind."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from generators.errors import InvalidModelFile
from generators.language import LanguageModel
from generators.ngram import FORMAT as NGRAM_FORMAT
from generators.ngram import NGramModel

_NEURAL_FORMAT = "polymer-designer GRU"


def load_model(path: Path | str) -> LanguageModel[Any]:
    """Read an n-gram or a neural model, whichever the file holds.

    Raises:
        InvalidModelFile: The file cannot be read or holds neither.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            kind = json.loads(str(file["header"]))["format"]
    except (OSError, KeyError, ValueError, TypeError, EOFError) as error:
        raise InvalidModelFile(f"{path} is no saved language model ({error}); give one that `save` wrote") from error
    if kind == NGRAM_FORMAT:
        return NGramModel.load(path)
    if kind == _NEURAL_FORMAT:
        from generators.neural import NeuralModel

        return NeuralModel.load(path)
    raise InvalidModelFile(f"{path} holds {kind!r}; give an n-gram or a GRU model")
