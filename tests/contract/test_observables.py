"""What every observable does, run over the registry; the plug-in of docs/extending.md is one of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_bundles import CHARGE_E, MASS_AMU, dumbbells
from made_plugins import DIPOLE
from pydantic import ValidationError

from mdcore.chem.errors import NotRecorded, PluginError, UnknownObservable
from mdcore.dynamics import (
    OBSERVABLES,
    STANDARD,
    DynamicsStage,
    Observable,
    RecordState,
    RunRecord,
    SimulationBundle,
    read_record,
    register_observable,
    run,
)
from mdcore.dynamics.observables.registry import ROW
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.measure.figures import sampled_means, write_figures
from mdcore.measure.series_file import write_hdf5
from mdcore.settings import ExecutionSettings

REFERENCE = ExecutionSettings(platform="Reference", own_core=False)
NAMES = sorted(OBSERVABLES)


def state_of(bundle: SimulationBundle) -> RecordState:
    import openmm

    system = read_xml(bundle.system_xml, "System")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(bundle.arrays["positions_nm"])
    context.setVelocitiesToTemperature(300.0, 3)
    return RecordState(context, bundle, 3 * bundle.n_atoms - 3, 300.0, 1.0)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """A run that records every observable at its own interval."""
    folder = tmp_path_factory.mktemp("recorded")
    stage = DynamicsStage.model_validate({**DynamicsStage.example().model_dump(), "observables": NAMES})
    bundle = dumbbells([stage])
    run(bundle, folder, REFERENCE)
    return read_record(folder, bundle)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_has_the_shape_that_is_promised_and_is_read_without_side_effects(name: str) -> None:
    bundle = dumbbells([DynamicsStage.example()])
    observable = OBSERVABLES[name]
    assert observable.name == name
    assert observable.unit
    state = state_of(bundle)
    before = state.positions_nm.copy()
    value = observable.value(state)
    assert value.shape == observable.shape(bundle)
    assert value.dtype == np.float64
    assert np.isfinite(value).all()
    np.testing.assert_array_equal(state.positions_nm, before)
    np.testing.assert_array_equal(observable.value(state_of(bundle)), value)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_stage_records_is_read_back_with_its_times(name: str, recorded: RunRecord) -> None:
    rows, every = recorded.role("equilibration"), OBSERVABLES[name].every
    values = rows.array(name)
    assert values.shape == (len(rows) // every, *OBSERVABLES[name].shape(recorded.bundle))
    np.testing.assert_allclose(rows.times_of(name), rows.times_ps[every - 1 :: every])


def test_files_for_people_hold_every_observable_with_its_unit(recorded: RunRecord, tmp_path: Path) -> None:
    import h5py

    write_hdf5(recorded.bundle, recorded.folder, tmp_path / "series.h5")
    with h5py.File(tmp_path / "series.h5") as stored:
        (group,) = stored.values()
        assert group.attrs["role"] == "equilibration"
        for name in NAMES:
            assert group[name].attrs["unit"] == OBSERVABLES[name].unit
            np.testing.assert_array_equal(group[name], recorded.stage(0).array(name))
        assert group["time_ps"].shape == (20,)
        assert group["dipole_e_nm time_ps"].shape == (10,)


def test_a_run_without_the_standard_observables_is_drawn_all_the_same(tmp_path: Path) -> None:
    example = DynamicsStage.example().model_dump()
    stage = DynamicsStage.model_validate(
        {**example, "role": "sampling", "check_convergence": False, "observables": ["density_g_cm3"]}
    )
    bundle = dumbbells([stage])
    run(bundle, tmp_path / "run", REFERENCE)
    files = write_figures(bundle, tmp_path / "run", tmp_path / "plots")
    assert [path.name for path in files] == ["run.png", "stage-00.png"]
    means = sampled_means(read_record(tmp_path / "run", bundle).role("sampling"))
    assert [mean is None for mean in means] == [True, False, True, True]


def test_observables_agree_with_each_other(recorded: RunRecord) -> None:
    rows = recorded.stage(0)
    volume = rows.array("volume_nm3")
    assert np.ptp(volume) > 0
    np.testing.assert_allclose(np.linalg.det(rows.array("box_nm")), volume, rtol=1e-12)
    mass_g = 24 * MASS_AMU / 6.02214076e23
    np.testing.assert_allclose(rows.array("density_g_cm3"), mass_g / (volume * 1e-21), rtol=1e-8)
    # A dumbbell of equal masses: both ends are half its length from the centre.
    np.testing.assert_allclose(rows.array("radius_of_gyration_nm") * 2, rows.array("end_to_end_distance_nm"), rtol=1e-9)
    freedom = 3 * 24 - 3
    kinetic = 0.5 * freedom * 8.31446261815324e-3 * rows.array("temperature_K")
    np.testing.assert_allclose(rows.array("kinetic_kj_mol"), kinetic, rtol=1e-12)


def test_the_plugin_gives_the_dipole_moment_of_the_final_cell(recorded: RunRecord) -> None:
    dipoles = recorded.stage(0).array("dipole_e_nm")
    assert DIPOLE.every == 2
    assert dipoles.shape == (10, 3)
    ends = recorded.final.positions_nm.reshape(-1, 2, 3)
    np.testing.assert_allclose(dipoles[-1], CHARGE_E * (ends[:, 0] - ends[:, 1]).sum(axis=0), atol=1e-9)


def test_velocities_and_forces_are_those_of_the_state() -> None:
    bundle = dumbbells([DynamicsStage.example()])
    state = state_of(bundle)
    kinetic = 0.5 * (bundle.arrays["masses_amu"][:, None] * state.velocities_nm_ps**2).sum()
    assert kinetic == pytest.approx(state.kinetic_kj_mol, rel=0.05)  # half a step apart in a leapfrog integrator
    np.testing.assert_allclose(state.forces_kj_mol_nm.sum(axis=0), 0.0, atol=1e-6)
    assert np.abs(state.forces_kj_mol_nm).max() > 0


def test_a_stage_chooses_observables_and_intervals(tmp_path: Path) -> None:
    chosen = [{"observable": "volume_nm3", "every": 4}, "temperature_K"]
    example = DynamicsStage.example().model_dump()
    few = DynamicsStage.model_validate({**example, "observables": chosen})
    bundle = dumbbells([few, DynamicsStage.example()])
    run(bundle, tmp_path, REFERENCE)
    record = read_record(tmp_path, bundle)
    assert set(record.stage(0).observables) == {"volume_nm3", "temperature_K"}
    assert record.stage(0).array("volume_nm3").shape == (5,)
    np.testing.assert_allclose(record.stage(0).times_of("volume_nm3"), [0.08, 0.16, 0.24, 0.32, 0.4])
    assert set(record.stage(1).observables) == set(STANDARD)
    assert record.stage(1).array("volume_nm3").shape == (20,)
    assert len(record.all().array("volume_nm3")) == 25
    with pytest.raises(NotRecorded, match="'density_g_cm3' was not recorded in 'example'; recorded: "):
        record.stage(0).array("density_g_cm3")
    with pytest.raises(NotRecorded, match="no stage with the role 'sampling'; its roles are equilibration"):
        record.role("sampling")
    with pytest.raises(NotRecorded, match="no stage 'cool'"):
        record.stage("cool")


def test_the_standard_set_is_no_part_of_the_hash_and_another_one_is() -> None:
    example = DynamicsStage.example()
    listed = DynamicsStage.model_validate({**example.model_dump(), "observables": list(STANDARD)})
    fewer = DynamicsStage.model_validate({**example.model_dump(), "observables": list(STANDARD[:-1])})
    assert listed.digest_json() == example.digest_json()
    assert fewer.digest_json() != example.digest_json()


def test_convergence_tests_need_what_they_look_at() -> None:
    example = DynamicsStage.example().model_dump()
    with pytest.raises(
        ValidationError, match="tests convergence, which needs density_g_cm3, radius_of_gyration_nm at every"
    ):
        DynamicsStage.model_validate(
            {
                **example,
                "role": "sampling",
                "observables": ["potential_kj_mol", {"observable": "density_g_cm3", "every": 2}],
            }
        )
    with pytest.raises(ValidationError, match="'volume_nm3' is listed 2 times"):
        DynamicsStage.model_validate({**example, "observables": ["volume_nm3", "volume_nm3"]})


def test_an_unknown_observable_is_refused_before_anything_runs(tmp_path: Path) -> None:
    stage = DynamicsStage.model_validate({**DynamicsStage.example().model_dump(), "observables": ["volume_nm2"]})
    with pytest.raises(UnknownObservable, match="observable 'volume_nm2' is unknown; did you mean volume_nm3"):
        run(dumbbells([stage]), tmp_path, REFERENCE)
    assert not (tmp_path / "checkpoint.npz").exists()


def test_names_are_given_once() -> None:
    def read(state: Any) -> float:
        return 0.0

    with pytest.raises(PluginError, match="already registered"):
        register_observable(Observable("density_g_cm3", "g/cm3", read))
    for name in ROW:
        with pytest.raises(PluginError, match="column of every series"):
            register_observable(Observable(name, "1", read))
    with pytest.raises(PluginError, match="every must be at least 1"):
        register_observable(Observable("never", "1", read, every=0))
    assert "never" not in OBSERVABLES


def test_a_value_of_another_shape_is_refused() -> None:
    state = state_of(dumbbells([DynamicsStage.example()]))
    wrong = Observable("wrong", "1", lambda state: [1.0, 2.0])
    with pytest.raises(ValueError, match=r"shape \(2,\), it promises \(\)"):
        wrong.value(state)
    assert DIPOLE.value(state).shape == (3,)
