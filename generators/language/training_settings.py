"""Settings of the neural language model and its training, importable without torch."""

from pydantic import Field

from mdcore.chem.settings import Settings

FINE_TUNING = {"learning_rate": 1e-3, "batch": 32, "patience": 5, "validation": 0.1, "respelled": 0.5}
"""Settings for fine-tuning on some hundred units: smaller learning rate and batches, more random spellings, larger validation set."""


class NeuralSettings(Settings):
    """Settings of the network and its training.

    Attributes:
        embedding, hidden, layers, dropout: Embedding width, hidden width, number of layers and dropout of the network.
        batch: Batch size.
        learning_rate: Initial learning rate of Adam, halved whenever the validation loss does not decrease.
        epochs: Maximum number of epochs.
        patience: Number of epochs without a decrease of the validation loss after which training stops.
        validation: Fraction of the units in the validation set.
        respelled: Fraction of the units that are randomly respelled in each epoch: from another cut, from the other end, or with
            branches in random order.
        seed: Seed of initial weights, shuffling, spelling and validation split.
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
