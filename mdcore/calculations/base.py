"""Interface of calculations other than dynamics."""

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
    """A part of a calculation that is computed and cached separately.

    Attributes:
        key: Cache key, which identifies subject, level and settings.
        subject: Key of the repeat unit or substance.
        document: Input of the calculation, in JSON types.
    """

    key: str
    subject: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, for calculations that use its final cell.

    Attributes:
        bundle: Bundle of the run.
        folder: Path of the folder of the run.
    """

    bundle: "SimulationBundle"
    folder: Any


class Calculation(Settings):
    """A cached calculation other than dynamics: settings and behaviour. Each is one file and one entry in `CALCULATIONS`.

    Its pieces are computed before, during or after the dynamics on any free machine, and cached in the folder of a simulation, or in
    the folder and store of a campaign, where later simulations find them.

    Attributes:
        name: Registry name.
        folder: Name of the cache folder inside the folder of a simulation or campaign.
        label: Name for progress output.
    """

    name: ClassVar[str]
    label: ClassVar[str] = "calculations"
    folder: ClassVar[str] = "calculations"

    @classmethod
    def of(cls, settings: SimulationSettings, optics: OpticsSettings) -> Self:
        """Return the calculation with the settings of a simulation: its entry in `calculations`.

        Args:
            settings: The simulation.
            optics: Settings of the molar refractions, which are a separate section.

        Raises:
            ValueError: The settings are invalid (a pydantic `ValidationError`).
        """
        return cls.model_validate(dict(settings.calculations.get(cls.name, {})))

    @property
    @abstractmethod
    def level(self) -> str:
        """Level of theory, including all settings that affect a result."""

    def check(self) -> None:
        """Check that the requirements of the calculation are installed.

        Raises:
            MDCoreError: A library is missing.
        """

    @property
    def may_be_costly(self) -> bool:
        """Whether `is_costly` can be true for any substance."""
        return True

    def is_costly(self, substance: Substance) -> bool:
        """Return whether it is expensive enough to cache its results and report its progress."""
        return True

    def screen(self, substance: Substance) -> None:
        """Check from the structure alone whether it will fail; called before the dynamics.

        Raises:
            MDCoreError: It is not possible for the substance.
        """

    def pieces(self, substance: Substance) -> tuple[Piece, ...]:
        """Return the pieces that can be computed from the structure alone; by default one, of the whole substance."""
        return (Piece(f"{self.name}|{substance.key}|{self.level}", substance.key, substance.document()),)

    def prefixes(self, substance: Substance) -> dict[str, str]:
        """Return the prefixes of the cache keys of the substance, by subject."""
        return {substance.key: f"{self.name}|{substance.key}|"}

    @abstractmethod
    def compute(self, piece: Piece) -> str:
        """Compute a piece; return its result as a text.

        Raises:
            MDCoreError: It failed because of the substance.
        """

    def ensure(self, piece: Piece, cache: Cache) -> str:
        """Return the result of a piece from the cache, or compute and cache it."""
        if piece.key not in cache:
            with alone(cache, piece.key):
                if piece.key not in cache:
                    cache[piece.key] = self.compute(piece)
        return cache[piece.key]

    def result(self, substance: Substance, cache: Cache, run: FinishedRun | None) -> Any:
        """Return the input of property estimates; by default the texts of all pieces.

        Args:
            substance: The simulated substance.
            cache: Cached results.
            run: The finished run with the role `sampling`, if any.
        """
        return tuple(self.ensure(piece, cache) for piece in self.pieces(substance))


@contextmanager
def alone(cache: Cache, key: str) -> Iterator[None]:
    """Acquire the lock of one entry of a cache shared by several processes."""
    if isinstance(cache, FolderCache):
        with cache.alone(key):
            yield
    else:
        yield
