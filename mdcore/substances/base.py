"""Interface of all kinds of substances."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mdcore.cell import Cell, ChainPlan, grow_cell
from mdcore.chem.mixture import Composition, UnitMixture
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.optics import OpticsSettings, Refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.settings.simulation import CellSettings, ProtocolSettings


@dataclass(frozen=True)
class CellPlan:
    """The chains or molecules of a cell before it is grown.

    Attributes:
        chains: One plan for each chain or molecule.
        degree_of_polymerisation: Mean number of repeat units in a chain; 1 for molecules.
    """

    chains: tuple[ChainPlan, ...]
    degree_of_polymerisation: float

    @property
    def content(self) -> dict[str, Any]:
        """Return the description stored in a bundle."""
        return {"degree_of_polymerisation": self.degree_of_polymerisation, "n_chains": len(self.chains)}


class Substance(ABC):
    """A substance to simulate. Each kind is one file and one entry in `SUBSTANCES`.

    Attributes:
        kind: Name of the kind in documents and configurations.
        is_glass: Whether it can form a glass on cooling, so that its density depends on the cooling rate.
        is_isotropic: Whether its cells have the same properties along all axes.
        has_cell_conformers: Whether geometries of its only repeat unit can be cut out of a simulated cell.
    """

    kind: ClassVar[str]
    is_glass: ClassVar[bool] = True
    is_isotropic: ClassVar[bool] = True
    has_cell_conformers: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def example(cls) -> Self:
        """Return a small substance of the kind, for tests and documentation."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Text that identifies the substance in seeds, folders and stores."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Human-readable name in one line."""

    @property
    @abstractmethod
    def molar_mass_g_mol(self) -> float:
        """Molar mass of a repeat unit (of the mean one in a copolymer) or molecule in g/mol."""

    @property
    @abstractmethod
    def vdw_volume_nm3(self) -> float:
        """Van der Waals volume that belongs to the molar mass, in nm3."""

    @property
    @abstractmethod
    def starting_density_g_cm3(self) -> float:
        """Estimated density in g/cm3 to which a grown cell is compressed before the barostat takes over."""

    @property
    def repeat_units(self) -> tuple[RepeatUnit, ...]:
        """Repeat units of its chains; empty for molecules."""
        return ()

    @property
    def unit_fractions(self) -> tuple[float, ...]:
        """Mole fraction of each of `repeat_units`."""
        return ()

    @property
    def composition(self) -> Composition | None:
        """Input of feature functions: its repeat units with their fractions; None for molecules, which have no features."""
        if self.only_unit is not None:
            return self.only_unit
        return UnitMixture(self.key, self.label, self.repeat_units, self.unit_fractions) if self.repeat_units else None

    @property
    def only_unit(self) -> RepeatUnit | None:
        """The repeat unit of a homopolymer, which identifies it; None for all other substances."""
        return next((unit for unit in self.repeat_units if unit.key == self.key), None)

    @property
    def structures(self) -> tuple[str, ...]:
        """SMILES to draw side by side: its repeat units."""
        return tuple(unit.psmiles for unit in self.repeat_units)

    @property
    def command(self) -> tuple[str, ...] | None:
        """Arguments of `designer simulate` for the substance; None if it needs a document."""
        return None

    @abstractmethod
    def plan(self, settings: CellSettings, seed: int) -> CellPlan:
        """Plan the chains or molecules of a cell.

        Args:
            settings: Size and composition.
            seed: Seed of the cell.

        Raises:
            BuildError: No conformer of a chain could be embedded.
        """

    def cell(self, plan: CellPlan, settings: CellSettings, rng: np.random.Generator) -> Cell:
        """Return the cell from which the first run starts: by default the planned chains, grown at a low density.

        Args:
            plan: What `plan` returned.
            settings: Size and composition.
            rng: Random numbers of the growth.

        Raises:
            BuildError: The chains do not fit.
        """
        return grow_cell(plan.chains, settings.growth_density_g_cm3, rng)

    def hottest_k(self, protocol: ProtocolSettings) -> float:
        """Return the highest temperature of a protocol in K: `max_temperature_K`, or the substance's own choice."""
        if protocol.max_temperature_K is not None:
            return max(protocol.temperature_K, protocol.max_temperature_K)
        return self._hottest_k(protocol)

    @abstractmethod
    def _hottest_k(self, protocol: ProtocolSettings) -> float: ...

    def glass_transition_k(self, known_k: float | None) -> tuple[float, float] | None:
        """Return the glass transition temperature and its standard error in K; None if the substance does not form a glass.

        Args:
            known_k: Measured value in K, if known.
        """
        return None

    def needs_dft(self, optics: OpticsSettings) -> bool:
        """Return whether `refractions` would use density functional theory for any part of the substance."""
        return False

    @abstractmethod
    def refractions(
        self,
        optics: OpticsSettings,
        cache: MutableMapping[str, str] | None = None,
        source: ConformerSource = ETKDG,
    ) -> Refractions:
        """Return the molar refractions from the tier chosen by the settings.

        Args:
            optics: Tier and level of theory.
            cache: Known results of density functional theory by key; new ones are added.
            source: Source of geometries for density functional theory.

        Raises:
            UnknownEnvironment: The additive tier lacks an increment, or the tier does not apply to this kind of substance.
        """

    @abstractmethod
    def answer(self) -> dict[str, Any]:
        """Return the fields that identify the substance in JSON output, including `key`."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Return the substance in JSON types, including `kind`; `from_document` reads it."""

    @classmethod
    @abstractmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read a substance from a document without its `kind`.

        Raises:
            ValueError: The document is invalid.
        """
