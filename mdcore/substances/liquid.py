"""A molecular liquid."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from rdkit import Chem

from mdcore.cell import plan_liquid, vdw_volume_nm3
from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.chem.elements import FORCE_FIELD_ELEMENTS
from mdcore.chem.notation import read_molecule
from mdcore.optics import OpticsSettings, Refractions, UnknownEnvironment
from mdcore.optics.additive import molecule_refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.settings.simulation import CellSettings, ProtocolSettings
from mdcore.substances.base import CellPlan, Substance
from mdcore.substances.documents import Document

_PACKING = 1.75
"""Ratio of the volume of an organic liquid to its van der Waals volume, at which compression ends and the barostat is switched on."""


class _Document(Document):
    smiles: str


@dataclass(frozen=True)
class Liquid(Substance):
    """A molecular liquid. Its cell holds as many molecules as correspond to `n_chains` times `atoms_per_chain` atoms.

    Attributes:
        smiles: One neutral molecule without stars.
    """

    smiles: str
    kind: ClassVar[str] = "liquid"
    is_glass: ClassVar[bool] = False

    @classmethod
    def example(cls) -> Self:
        """Return ethanol."""
        return cls("CCO")

    @cached_property
    def mol(self) -> Chem.Mol:
        """The molecule.

        Raises:
            InvalidMolecule: The SMILES is not a molecule covered by the force field.
        """
        return read_molecule(self.smiles, FORCE_FIELD_ELEMENTS)

    @property
    def key(self) -> str:
        """Canonical SMILES."""
        return str(Chem.MolToSmiles(self.mol))

    @property
    def label(self) -> str:
        """The SMILES as written."""
        return f"{self.smiles} (liquid)"

    @property
    def molar_mass_g_mol(self) -> float:
        """Molar mass in g/mol."""
        from rdkit.Chem.Descriptors import MolWt  # type: ignore[attr-defined]

        return float(MolWt(self.mol))

    @property
    def vdw_volume_nm3(self) -> float:
        """Van der Waals volume of a molecule in nm3."""
        return vdw_volume_nm3(self.mol)

    @property
    def starting_density_g_cm3(self) -> float:
        """Estimated density in g/cm3, slightly below that of the liquid."""
        return self.molar_mass_g_mol * DALTON_PER_NM3_TO_G_CM3 / (_PACKING * self.vdw_volume_nm3)

    @property
    def structures(self) -> tuple[str, ...]:
        """The molecule."""
        return (self.smiles,)

    @property
    def command(self) -> tuple[str, ...]:
        """The molecule."""
        return (self.smiles,)

    @property
    def n_atoms(self) -> int:
        """Number of atoms of a molecule, hydrogens included."""
        return int(Chem.AddHs(self.mol).GetNumAtoms())

    def plan(self, settings: CellSettings, seed: int) -> CellPlan:
        """Plan the molecules."""
        n_molecules = max(1, round(settings.n_chains * settings.atoms_per_chain / self.n_atoms))
        return CellPlan(plan_liquid(self.mol, n_molecules, seed), 1)

    def _hottest_k(self, protocol: ProtocolSettings) -> float:
        return protocol.temperature_K  # a liquid is not heated

    def refractions(
        self,
        optics: OpticsSettings,
        cache: MutableMapping[str, str] | None = None,
        source: ConformerSource = ETKDG,
    ) -> Refractions:
        """Return the molar refractions of the molecule; the additive tier is the only one."""
        if optics.kind == "dft":
            raise UnknownEnvironment(
                f"optics dft is not available for the liquid {self.smiles}, only for repeat units; use additive"
            )
        return molecule_refractions(self.mol)

    def answer(self) -> dict[str, Any]:
        """Return `smiles` and `key`."""
        return {"smiles": self.smiles, "key": self.key}

    def document(self) -> dict[str, Any]:
        """Return the document `{kind: liquid, smiles: ...}`."""
        return {"kind": self.kind, "smiles": self.smiles}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read and check `smiles`."""
        liquid = cls(_Document.read(document).smiles)
        return cls(liquid.key)
