"""Nothing that is loaded can run code: configurations, models, surrogates, stores and bundles of strangers."""

import json
import os
import pickle
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from designer.config import load_config
from designer.errors import InvalidConfig
from generators.errors import InvalidModelFile
from generators.language.neural import NeuralModel
from generators.language.ngram import NGramModel
from generators.language.saved import load_model
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import BundleError
from mdcore.dynamics.openmm_xml import read_xml
from surrogates.errors import UnreadableModel


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (self.path,)


@pytest.fixture
def sprung(tmp_path: Path) -> Path:
    path = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(path)))
    assert path.exists(), "the trap works"
    path.rmdir()
    return path


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir [{path}]", "!!python/name:os.mkdir ''"])
def test_configurations_are_plain_data(tag: str, tmp_path: Path, sprung: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(f"name: {tag.format(path=sprung)}\n")
    with pytest.raises(InvalidConfig):
        load_config(path)
    assert not sprung.exists()


@pytest.mark.parametrize("read", [load_model, NGramModel.load, NeuralModel.load])
def test_language_models_hold_no_objects(read, tmp_path: Path, sprung: Path) -> None:
    path = tmp_path / "model.npz"
    trap = np.array([Trap(sprung)], dtype=object)
    np.savez(path, header=trap, counts=trap, arrays=trap)
    with pytest.raises(InvalidModelFile):
        read(path)
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(InvalidModelFile):
        read(tmp_path / "plain.npz")
    assert not sprung.exists()


def test_surrogates_are_json(tmp_path: Path, sprung: Path) -> None:
    from surrogates.models.saving import load_surrogates

    path = tmp_path / "surrogate.json"
    path.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(UnreadableModel):
        load_surrogates(path)
    assert not sprung.exists()


def test_stores_hold_json(tmp_path: Path, sprung: Path) -> None:
    from designer import Campaign, CampaignConfig

    config = CampaignConfig.model_validate(
        {
            "name": "x",
            "folder": str(tmp_path / "run"),
            "objectives": [{"property": "density"}],
            "stop": {"evaluations": 1},
        }
    )
    Campaign(config).store.close()
    connection = sqlite3.connect(tmp_path / "run" / "store.sqlite")
    connection.execute("UPDATE campaign SET config = ?", (pickle.dumps(Trap(sprung)),))
    connection.commit()
    connection.close()
    with pytest.raises(Exception):  # noqa: B017 - whatever it says, nothing must have run
        Campaign(config).store.campaign()
    assert not sprung.exists()


def test_a_bundle_with_a_hidden_function_is_refused(tmp_path: Path, sprung: Path) -> None:
    from mdcore.dynamics import run
    from mdcore.dynamics.bundle import SimulationBundle
    from mdcore.measure import build_bundle
    from mdcore.settings import SimulationSettings
    from mdcore.settings.execution import ExecutionSettings

    settings = SimulationSettings.model_validate(
        {
            "preset": "quick",
            "cell": {"n_chains": 3, "atoms_per_chain": 60},
            "force_field": {"cutoff_nm": 0.45, "switch_width_nm": 0.05, "ewald_tolerance": 9e-3},
        }
    )
    honest = build_bundle(RepeatUnit.from_psmiles("*CC*"), settings, seed=1, out=tmp_path / "honest")
    assert read_xml(honest.system_xml, "System").getNumParticles() == honest.n_atoms
    hidden = (
        f'<Force forceGroup="0" function="{pickle.dumps(Trap(sprung)).hex()}" name="x" type="PythonForce" '
        'usesPeriodic="0" version="2"><GlobalParameters/><Particles/></Force>'
    )
    for disguise in (hidden, hidden.replace("PythonForce", "&#80;ythonForce")):
        changed = replace(honest, system_xml=honest.system_xml.replace("<Forces>", f"<Forces>{disguise}"))
        changed.write(tmp_path / "changed")  # with a content hash of its own: it looks like any other
        read = SimulationBundle.read(tmp_path / "changed")
        with pytest.raises(BundleError, match="force 'PythonForce' does not belong in a bundle"):
            run(read, tmp_path / "out", ExecutionSettings(platform="CPU", threads=1))
    assert not sprung.exists()


def test_xml_of_another_kind_is_refused() -> None:
    for text in ('<State type="State" version="1"/>', "<System", json.dumps({}), '<System type="Integrator"/>'):
        with pytest.raises(BundleError, match="build the bundle again"):
            read_xml(text, "System")
