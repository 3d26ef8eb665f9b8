"""What every calculation beside the dynamics is made of."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mdcore.optics import FolderCache, OpticsSettings
from mdcore.settings.base import Settings
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance

if TYPE_CHECKING:
    from mdcore.dynamics.bundle import SimulationBundle

Cache = MutableMapping[str, str]


@dataclass(frozen=True)
class Piece:
    """A part of a calculation that is computed and kept on its own.

    Attributes:
        key: Text that identifies subject, level and settings; results are kept under it.
        subject: What it is computed of: the key of a repeat unit or substance.
        document: What the calculation needs to know of it, in JSON types.
    """

    key: str
    subject: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class FinishedRun:
    """A run whose final cell a calculation may look at.

    Attributes:
        bundle: What was run.
        folder: Where the run left its files, a path.
    """

    bundle: "SimulationBundle"
    folder: Any


class Calculation(Settings):
    """A cached task beside the dynamics: settings and behaviour. Each is one file and one entry in `CALCULATIONS`.

    Its pieces are computed before, beside or after the dynamics, on whatever machine is free, and kept: in the folder of a
    simulation, or in that of a campaign and its store, where later simulations find them.

    Attributes:
        name: Registry name.
        folder: Name of the folder of kept results inside that of a simulation or campaign.
        label: Name that progress shows.
    """

    name: ClassVar[str]
    label: ClassVar[str] = "calculations"
    folder: ClassVar[str] = "calculations"

    @classmethod
    def of(cls, settings: SimulationSettings, optics: OpticsSettings) -> Self:
        """Return the calculation with the settings of a simulation: its entry in `calculations`.

        Args:
            settings: The simulation.
            optics: Settings of the molar refractions, which have a section of their own.

        Raises:
            ValueError: They are not valid (a pydantic `ValidationError`).
        """
        return cls.model_validate(dict(settings.calculations.get(cls.name, {})))

    @property
    @abstractmethod
    def level(self) -> str:
        """Level of theory, with all settings that change a result."""

    def check(self) -> None:
        """Check that this machine has what the calculation needs.

        Raises:
            MDCoreError: A library is missing.
        """

    @property
    def may_be_costly(self) -> bool:
        """Whether `is_costly` can be true for any substance."""
        return True

    def is_costly(self, substance: Substance) -> bool:
        """Return whether its results are worth keeping and its progress worth showing."""
        return True

    def screen(self, substance: Substance) -> None:
        """Look for reasons from the structure alone why it will fail; called before any dynamics is spent.

        Raises:
            MDCoreError: It cannot be done for the substance.
        """

    def pieces(self, substance: Substance) -> tuple[Piece, ...]:
        """Return the pieces that can be computed from the structure alone; by default one, of the whole substance."""
        return (Piece(f"{self.name}|{substance.key}|{self.level}", substance.key, substance.document()),)

    def prefixes(self, substance: Substance) -> dict[str, str]:
        """Return what the keys of all results of the substance begin with, by their subjects."""
        return {substance.key: f"{self.name}|{substance.key}|"}

    @abstractmethod
    def compute(self, piece: Piece) -> str:
        """Compute a piece; return its result as a text.

        Raises:
            MDCoreError: It failed for reasons of the substance.
        """

    def ensure(self, piece: Piece, cache: Cache) -> str:
        """Return the result of a piece: the one that is kept, or a new one, which is then kept."""
        if piece.key not in cache:
            with alone(cache, piece.key):
                if piece.key not in cache:
                    cache[piece.key] = self.compute(piece)
        return cache[piece.key]

    def result(self, substance: Substance, cache: Cache, run: FinishedRun | None) -> Any:
        """Return what properties are estimated from; by default the texts of all pieces.

        Args:
            substance: What was simulated.
            cache: Kept results.
            run: The finished run with the role `sampling`, if there is one.
        """
        return tuple(self.ensure(piece, cache) for piece in self.pieces(substance))


@contextmanager
def alone(cache: Cache, key: str) -> Iterator[None]:
    """Hold the right to compute one entry, where several processes share the cache."""
    if isinstance(cache, FolderCache):
        with cache.alone(key):
            yield
    else:
        yield
