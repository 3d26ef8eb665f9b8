"""Settings of the neural language model and its training; they load without torch."""

from pydantic import Field

from mdcore.chem.settings import Settings

FINE_TUNING = {"learning_rate": 1e-3, "batch": 32, "patience": 5, "validation": 0.1, "respelled": 0.5}
"""What fine-tuning on a list of some hundred units sets differently: smaller steps, more spellings, a larger part to judge by."""


class NeuralSettings(Settings):
    """Settings of the network and its training.

    Attributes:
        embedding, hidden, layers, dropout: The network.
        batch: Strings in a step.
        learning_rate: Of Adam, halved when the validation loss does not fall.
        epochs: Most passes over the data.
        patience: Passes without a better validation loss after which training stops.
        validation: Fraction of the units kept for validation.
        respelled: Fraction of the units that each pass sees in another spelling of the same polymer: from another cut or the other
            end, or with branches in random order.
        seed: Of initial weights, shuffling, spelling and the validation split.
    """

    embedding: int = Field(default=48, ge=1)
    hidden: int = Field(default=256, ge=1)
    layers: int = Field(default=1, ge=1)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    epochs: int = Field(default=30, ge=1)
    patience: int = Field(default=3, ge=1)
    validation: float = Field(default=0.05, gt=0.0, lt=0.5)
    respelled: float = Field(default=0.3, ge=0.0, le=1.0)
    seed: int = Field(default=0, ge=0)
