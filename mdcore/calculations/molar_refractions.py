"""Molar refractions: additive increments, or polarizabilities by density functional theory."""

from typing import ClassVar, Self

from mdcore.calculations.base import Cache, Calculation, FinishedRun, Piece
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.optics import OpticsSettings, Refractions, dft_cache_key, key_prefix, needs_dft, refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.optics.level import require_pyscf
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance


class MolarRefractions(Calculation):
    """Molar refractions at the lines C, D, F and g.

    Attributes:
        settings: The section `optics`: tier, level of theory, conformers.
    """

    settings: OpticsSettings = OpticsSettings()
    name: ClassVar[str] = "molar_refractions"
    folder: ClassVar[str] = "optics"
    label: ClassVar[str] = "optics"

    @classmethod
    def of(cls, settings: SimulationSettings, optics: OpticsSettings) -> Self:
        """Return the calculation of the section `optics`."""
        return cls(settings=optics)

    @property
    def level(self) -> str:
        """Functional and basis set."""
        return self.settings.level.name

    def check(self) -> None:
        """Check that PySCF is installed if the tier needs it.

        Raises:
            OpticsUnavailable: PySCF is not installed.
        """
        if self.settings.kind == "dft":
            require_pyscf()

    @property
    def may_be_costly(self) -> bool:
        """Whether the tier can be density functional theory."""
        return self.settings.kind != "additive"

    def is_costly(self, substance: Substance) -> bool:
        """Return whether density functional theory is needed."""
        return substance.needs_dft(self.settings)

    def screen(self, substance: Substance) -> None:
        """Look for environments without increments.

        Raises:
            UnknownEnvironment: The additive tier lacks an increment.
        """
        if not substance.needs_dft(self.settings):
            substance.refractions(self.settings)

    def pieces(self, substance: Substance) -> tuple[Piece, ...]:
        """Return one piece for each repeat unit that needs density functional theory, unless its geometries come from the cell."""
        if self.settings.conformers == "cell" and substance.has_cell_conformers:
            return ()
        return tuple(
            Piece(dft_cache_key(unit, self.settings), unit.key, {"psmiles": unit.psmiles})
            for unit in substance.repeat_units
            if needs_dft(unit, self.settings)
        )

    def prefixes(self, substance: Substance) -> dict[str, str]:
        """Return the prefixes of the cache keys of each repeat unit."""
        return {unit.key: key_prefix(unit) for unit in substance.repeat_units}

    def compute(self, piece: Piece) -> str:
        """Compute the polarizabilities of a repeat unit."""
        own: dict[str, str] = {}
        refractions(RepeatUnit.from_psmiles(piece.document["psmiles"]), self.settings, cache=own)
        return own[piece.key]

    def result(self, substance: Substance, cache: Cache, run: FinishedRun | None) -> Refractions:
        """Return the molar refractions of the substance."""
        source: ConformerSource = ETKDG
        if self.settings.conformers == "cell" and substance.has_cell_conformers and run is not None:
            from mdcore.calculations.cell_conformers import CellConformers

            source = CellConformers.read(substance.repeat_units[0], run.bundle, run.folder)
        return substance.refractions(self.settings, cache, source)
