"""Partial charges of one molecule from a NAGL model."""

from functools import lru_cache
from typing import Any

import numpy as np

from mdcore.cell.topology import FloatArray
from mdcore.chem.errors import UnparameterisableError
from mdcore.forcefield.resonance import bounded_resonance


def nagl_charges(molecule: Any, model: str) -> FloatArray:
    """Return the partial charges of a molecule from a NAGL model, identical to those of the OpenFF Toolkit.

    Args:
        molecule: Molecule of the OpenFF toolkit with n atoms.
        model: Name or path of the model.

    Returns:
        Charges in e, shape (n,); they sum to the molecule's charge.

    Raises:
        UnparameterisableError: The model does not exist, or the molecule is outside its domain.
    """
    from openff.toolkit.utils.exceptions import OpenFFToolkitException

    try:
        with bounded_resonance():
            found = _network(model).compute_property(
                molecule, as_numpy=True, readout_name="am1bcc_charges", check_domains=True, error_if_unsupported=True
            )
    except (OpenFFToolkitException, ValueError, OSError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UnparameterisableError(f"charge model {model!r} failed: {reason[0]}") from error
    charges = np.asarray(found, dtype=np.float64).reshape(-1)
    if not np.isfinite(charges).all():
        raise UnparameterisableError(f"charge model {model!r} gave charges that are not finite")
    excess = charges.sum() - float(molecule.total_charge.m_as("elementary_charge"))
    return np.asarray(charges - excess / len(charges), dtype=np.float64)


@lru_cache(maxsize=4)
def _network(model: str) -> Any:
    """Return the model, cached because loading takes longer than inference."""
    from openff.nagl import GNNModel
    from openff.nagl_models._dynamic_fetch import BadFileSuffixError, get_model

    try:
        path = get_model(filename=model)
    except BadFileSuffixError as error:
        raise ValueError(f"{model!r} is not a model file; give a file name that ends in .pt") from error

    class Trained(GNNModel):  # type: ignore[misc]
        """A model that is not trained further, and so keeps no copy of its hyperparameters.

        The copy, which includes the tables of known molecules, takes two thirds of the time of loading.
        """

        def save_hyperparameters(self, *arguments: Any, **options: Any) -> None:
            """Do nothing."""

    return Trained.load(path, eval_mode=True)
