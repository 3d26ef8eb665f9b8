"""The DFT tier in a campaign: identity, jobs beside the simulations, and the store that keeps results."""

import dataclasses
import json
import multiprocessing
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from designer.campaign.calculations import CalculationKeeper
from designer.cluster import CalculationJob, Job
from designer.cluster.task import run_calculation, run_job
from designer.config import config_from_mapping, load_config
from designer.errors import InvalidConfig
from designer.store import create_store
from designer.store.calculations import CalculationStore
from mdcore.chem import RepeatUnit
from mdcore.measure import SimulationResult
from mdcore.optics import FolderCache, OpticsFailed, OpticsSettings, dft_cache_key
from mdcore.optics import density_functional as tier
from mdcore.settings import SimulationSettings
from mdcore.substances import Homopolymer

ALPHA = np.array([[9.0, 9.2, 9.3, 9.5, 9.7]])
STYRENE = "*CC(*)c1ccccc1"


def config(folder: Path, **optics: object):
    document = {
        "name": "light",
        "folder": str(folder),
        "objectives": [{"property": "refractive_index"}],
        "stop": {"evaluations": 2},
    }
    return config_from_mapping(document | ({"optics": optics} if optics else {}))


def polymer(psmiles: str) -> Homopolymer:
    return Homopolymer(RepeatUnit.from_psmiles(psmiles))


class Recorder:
    def __init__(self) -> None:
        self.jobs: list[CalculationJob] = []

    def submit_calculation(self, job: CalculationJob) -> None:
        self.jobs.append(job)


@pytest.fixture
def counted(monkeypatch):
    calls: list[str] = []

    def fake(unit, *_):
        calls.append(unit.key)
        return ALPHA

    monkeypatch.setattr(tier, "unit_polarizabilities", fake)
    return calls


def test_the_section_is_part_of_what_a_campaign_measures(tmp_path):
    plain, dft = config(tmp_path), config(tmp_path, kind="dft")
    assert plain.optics.kind == "additive"
    # At densities as simulated, additive values are what stores from before the choice hold.
    assert plain.identity()["optics"] == {"density": "slowly_cooled"}
    assert "optics" not in config(tmp_path, kind="additive", density="simulated").identity()
    assert plain.settings_digest() != config(tmp_path, kind="additive", density="simulated").settings_digest()
    assert plain.settings_digest() != dft.settings_digest()
    assert dft.identity()["optics"]["kind"] == "dft"
    assert "functional" not in dft.identity()["optics"]  # a default
    assert config(tmp_path, kind="dft", functional="b3lyp").identity()["optics"]["functional"] == "b3lyp"
    assert "density" not in config(tmp_path, kind="dft", density="simulated").identity()["optics"]
    # Where it is computed changes no result.
    assert dft.settings_digest() == config(tmp_path, kind="dft", device="cpu").settings_digest()
    with pytest.raises(InvalidConfig, match="optics"):
        config(tmp_path, kind="magic")


def test_the_optical_configuration_shows_the_section():
    path = Path(__file__).parents[4] / "configs" / "optical.yaml"
    assert "optics:" in path.read_text(encoding="utf-8")
    assert load_config(path).optics.kind == "auto"


def test_what_a_unit_needs_is_computed_beside_its_simulation_and_kept_for_other_campaigns(tmp_path, counted):
    settings = config(tmp_path / "a", kind="dft", n_conformers=1)
    engine = create_store(f"sqlite:///{tmp_path / 'group.sqlite'}")
    keeper, cluster = CalculationKeeper(settings, engine), Recorder()
    keeper.before(cluster, polymer(STYRENE), "light-00001")
    assert [job.label for job in cluster.jobs] == ["light-00001"]
    job = cluster.jobs[0]
    assert run_calculation(job) is None
    keeper.after(polymer(STYRENE))
    assert len(counted) == 1
    # The same campaign finds it in its folder, another one in the store; the spelling does not matter.
    keeper.before(cluster, polymer("*C(c1ccccc1)C*"), "light-00002")
    other = CalculationKeeper(config(tmp_path / "b", kind="dft", n_conformers=1), engine)
    other.before(cluster, polymer("*C(c1ccccc1)C*"), "other-00001")
    assert len(cluster.jobs) == 1
    run_calculation(dataclasses.replace(job, label="other", shared=other.folder))
    assert len(counted) == 1
    engine.dispose()
    rows = (
        sqlite3.connect(tmp_path / "group.sqlite")
        .execute("SELECT subject, level, record, calculation FROM calculation")
        .fetchall()
    )
    assert [row[:2] for row in rows] == [(RepeatUnit.from_psmiles(STYRENE).key, "pbe0/aug-cc-pvdz/grid0")]
    assert json.loads(rows[0][2])["alpha_A3"] == ALPHA.tolist()
    assert rows[0][3] == "molar_refractions"


@pytest.mark.parametrize("optics", [{"kind": "additive"}, {"kind": "auto"}, {"kind": "dft", "conformers": "cell"}])
def test_nothing_is_computed_beside_where_increments_suffice_or_the_cell_is_needed(tmp_path, optics):
    engine, cluster = create_store(f"sqlite:///{tmp_path / 's.sqlite'}"), Recorder()
    CalculationKeeper(config(tmp_path, **optics), engine).before(cluster, polymer(STYRENE), "light-00001")
    assert cluster.jobs == []
    engine.dispose()


def test_the_first_result_under_a_key_stays(tmp_path):
    engine = create_store(f"sqlite:///{tmp_path / 'results.sqlite'}")
    kept = CalculationStore(engine)
    assert kept.get("a") is None
    kept.keep("a", "molar_refractions", "*C*", "level", "first")
    kept.keep("a", "molar_refractions", "*C*", "level", "second")
    assert CalculationStore(engine).get("a") == "first"
    engine.dispose()


def test_a_failed_calculation_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def fails(*_):
        raise OpticsFailed("the ground state did not converge")

    monkeypatch.setattr(tier, "unit_polarizabilities", fails)
    cluster = Recorder()
    engine = create_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    CalculationKeeper(config(tmp_path, kind="dft"), engine).before(cluster, polymer(STYRENE), "trial")
    engine.dispose()
    (job,) = cluster.jobs
    assert run_calculation(job) == "the ground state did not converge"
    assert len(FolderCache(tmp_path / "optics")) == 0


def test_a_simulation_is_handed_the_tier_and_the_folder_of_results(tmp_path):
    seen = {}

    def simulate(unit, settings, *, seed, out, properties, progress, **more):
        seen.update(more)
        return SimulationResult((), {}, {})

    job = Job(
        1, "trial", polymer(STYRENE).document(), SimulationSettings().model_dump(mode="json"), 1, tmp_path, ("density",)
    )
    run_job(job, simulate, job.folder)
    assert seen == {}
    optics = {"kind": "dft", "basis": "def2-svpd"}
    run_job(dataclasses.replace(job, optics=optics, shared=tmp_path), simulate, job.folder)
    assert seen["optics"] == OpticsSettings(kind="dft", basis="def2-svpd")
    assert seen["shared"] == tmp_path


def compute_slowly(folder: Path) -> None:
    def slow(*_):
        with (folder / "calls").open("a") as stream:
            stream.write("x")
        time.sleep(0.5)
        return ALPHA

    tier.unit_polarizabilities = slow
    tier.dft_refractions(RepeatUnit.from_psmiles(STYRENE), cache=FolderCache(folder / "optics"))


def test_two_processes_that_need_one_unit_compute_it_once(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=compute_slowly, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert (tmp_path / "calls").read_text() == "x"


def test_the_key_names_unit_level_scheme_and_conformers():
    key = dft_cache_key(RepeatUnit.from_psmiles(STYRENE), OpticsSettings(n_conformers=3))
    assert key == dft_cache_key(RepeatUnit.from_psmiles("*C(c1ccccc1)C*"), OpticsSettings(n_conformers=3))
    for part in (RepeatUnit.from_psmiles(STYRENE).key, "pbe0/aug-cc-pvdz/grid0", "difference 2-1", "conformers 3"):
        assert f"|{part}|" in key
