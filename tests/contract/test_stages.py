"""What every kind of stage does, run over the registry; the plug-in of docs/extending.md is one of them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pytest
from made_bundles import dumbbells
from made_plugins import ANNEAL_CODE, AnnealStage
from pydantic import ValidationError

from mdcore.chem.box import check_reduced
from mdcore.chem.errors import PluginError, UnknownStage
from mdcore.dynamics import STAGES, DynamicsStage, SimulationBundle, Stage, TimedStage, read_record, register_stage, run
from mdcore.dynamics.progress import Progress
from mdcore.settings import ExecutionSettings

REFERENCE = ExecutionSettings(platform="Reference", own_core=False, checkpoint_interval_s=1e-6)
KINDS = sorted(STAGES)


class Stop(Exception):
    pass


def test_the_kinds_of_the_program_and_of_the_plugin_are_known() -> None:
    assert {"minimise", "compress", "dynamics", "anneal"} <= set(KINDS)
    assert STAGES["anneal"] is AnnealStage


@pytest.mark.parametrize("kind", KINDS)
def test_settings_come_back_from_json_and_refuse_what_they_do_not_know(kind: str) -> None:
    stage = STAGES[kind].example()
    assert stage.kind == kind
    document = json.loads(stage.model_dump_json())
    assert STAGES[kind].model_validate(document) == stage
    with pytest.raises(ValidationError):
        STAGES[kind].model_validate({**document, "no_such_setting": 1})
    with pytest.raises(ValidationError):
        stage.name = "other"


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_field_changes_the_hash_only_where_it_is_used(kind: str) -> None:
    stage = STAGES[kind].example()

    class Later(STAGES[kind]):  # type: ignore[name-defined, misc]
        new_setting: int = 3

    values = stage.model_dump()
    assert Later.model_validate(values).digest_json() == stage.digest_json()
    assert Later.model_validate({**values, "new_setting": 4}).digest_json() != stage.digest_json()
    assert stage.model_copy(update={"name": "other"}).digest_json() != stage.digest_json()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_with_the_stage_runs_stops_and_goes_on(kind: str, tmp_path: Path) -> None:
    stage = STAGES[kind].example()
    bundle = dumbbells([stage])
    bundle.write(tmp_path / "bundle")
    bundle = SimulationBundle.read(tmp_path / "bundle")
    assert bundle.stages == (stage,)
    summary = run(bundle, tmp_path / "whole", REFERENCE)
    assert summary.simulated_ps == pytest.approx(stage.planned_ps)
    final = read_record(tmp_path / "whole", bundle).final
    assert np.isfinite(final.positions_nm).all()
    check_reduced(final.box_nm)
    if not stage.planned_ps:
        assert stage.records_as is None
        return
    rows = read_record(tmp_path / "whole", bundle).role(str(stage.records_as))
    np.testing.assert_allclose(rows.times_ps, np.arange(1, len(rows) + 1) * stage.chunk_ps, atol=1e-9)
    assert rows.times_ps[-1] == pytest.approx(stage.planned_ps)
    fractions = rows.times_ps / stage.planned_ps
    np.testing.assert_allclose(rows.targets.temperature_K, [stage.temperature_at(f) for f in fractions])
    np.testing.assert_allclose(rows.targets.pressure_atm, [stage.pressure_at(f) for f in fractions])
    assert rows.observables == tuple(one.observable for one in stage.recorded)
    shown: list[str] = []

    def stop(progress: Progress) -> None:
        shown.append(progress.stage)
        if len(shown) == 3:
            raise Stop

    with pytest.raises(Stop):
        run(bundle, tmp_path / "parts", REFERENCE, stop)
    assert shown == [stage.name] * 3
    assert run(bundle, tmp_path / "parts", REFERENCE).resumed == 1
    parts = read_record(tmp_path / "parts", bundle).stage(0)
    np.testing.assert_allclose(parts.times_ps, rows.times_ps)
    # Until it was stopped it was the same run.
    np.testing.assert_array_equal(parts.array("temperature_K")[:2], rows.array("temperature_K")[:2])


def test_the_plugin_reaches_the_temperatures_that_it_sets(tmp_path: Path) -> None:
    bundle = dumbbells([AnnealStage.example()])
    run(bundle, tmp_path, REFERENCE)
    targets = read_record(tmp_path, bundle).stage("anneal").targets.temperature_K
    np.testing.assert_allclose(targets, [240, 280, 320, 360, 400, 360, 320, 280, 240, 200])


def test_names_are_given_once_and_need_a_kind() -> None:
    with pytest.raises(PluginError, match="already registered"):

        @register_stage
        class Other(TimedStage):
            kind: Literal["dynamics"] = "dynamics"

            @classmethod
            def example(cls) -> Self:
                return cls(name="other", duration_ps=1.0, timestep_fs=1.0)

            def temperature_at(self, fraction: float) -> float:
                return 300.0

    with pytest.raises(PluginError, match="has no kind"):

        @register_stage
        class Nameless(Stage):
            @classmethod
            def example(cls) -> Self:
                return cls(kind="", name="nameless")

    assert STAGES["dynamics"] is DynamicsStage


def test_an_unknown_kind_is_one_line_and_leaves_the_bundle_alone(tmp_path: Path) -> None:
    dumbbells([DynamicsStage.example()]).write(tmp_path)
    text = (tmp_path / "bundle.json").read_text().replace('"kind": "dynamics"', '"kind": "quench"')
    (tmp_path / "bundle.json").write_text(text)
    with pytest.raises(UnknownStage, match=r"stage 'quench' is unknown.*install the package") as caught:
        SimulationBundle.read(tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "bundle.json").read_text() == text


def test_a_plugin_of_an_installed_package_runs_on_a_slim_machine(tmp_path: Path) -> None:
    """The package is found by its entry point; nothing but numpy, openmm and pydantic can be imported."""
    package = tmp_path / "site" / "annealing"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(ANNEAL_CODE)
    about = tmp_path / "site" / "annealing-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: annealing\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[polymer_designer.plugins]\nanneal = annealing\n")
    dumbbells([AnnealStage.example()]).write(tmp_path / "bundle")
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'rdkit', 'openff', 'scipy', 'torch', 'pandas', 'dask', 'h5py', 'matplotlib'}:\n"
        "            raise ImportError(name + ' is blocked')\n"
        "sys.meta_path.insert(0, Block())\n"
        "from mdcore.run import main\n"
        f"sys.exit(main([{str(tmp_path / 'bundle')!r}, '--out', {str(tmp_path / 'run')!r}, '--platform', 'Reference', '--quiet']))\n"
    )

    def started(site: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [site, str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]))
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": path},
        )

    absent = started("")
    assert absent.returncode == 2
    assert len(absent.stderr.strip().splitlines()) == 1, absent.stderr
    assert "anneal" in absent.stderr
    found = started(str(tmp_path / "site"))
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["simulated_ps"] == pytest.approx(0.2)


def test_a_blow_up_between_two_checkpoints_repeats_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows since the checkpoint are dropped: they are recorded again with the smaller step."""
    from mdcore.chem.errors import SimulationExploded
    from mdcore.dynamics.engine import StageEngine

    first, second = DynamicsStage.example(), DynamicsStage.example().model_copy(update={"name": "second"})
    calls, record = 0, StageEngine.record

    def unlucky(self: StageEngine, fraction: float, number: int) -> object:
        nonlocal calls
        calls += 1
        if calls == 27:
            raise SimulationExploded("planted")
        return record(self, fraction, number)

    monkeypatch.setattr(StageEngine, "record", unlucky)
    bundle = dumbbells([first, second])
    seldom = REFERENCE.model_copy(update={"checkpoint_interval_s": 1e6, "trajectory_interval_ps": 0.02})
    assert run(bundle, tmp_path, seldom).halvings == 1
    times = read_record(tmp_path, bundle).all().times_ps
    np.testing.assert_allclose(times, np.arange(1, 41) * 0.02, atol=1e-9)


def test_roles_name_what_stages_record_and_which_are_tested(tmp_path: Path) -> None:
    example = DynamicsStage.example()
    stages = [
        example.model_copy(update={"role": "flow", "name": "first"}),
        example.model_copy(update={"role": "rest", "name": "between"}),
        example.model_copy(update={"role": "flow", "name": "last"}),
    ]
    bundle = dumbbells(stages)
    summary = run(bundle, tmp_path, REFERENCE)
    assert summary.converged is None  # none asks for it
    record = read_record(tmp_path, bundle)
    assert record.roles == ("flow", "rest")
    flow = record.role("flow")
    assert [stage.name for stage in flow.stages] == ["first", "last"]
    assert sorted(set(flow.stage_index.tolist())) == [0, 2]
    assert len(flow) == 40
    asking = DynamicsStage.model_validate({**example.model_dump(), "check_convergence": True})
    middle = replace(bundle, stages=(stages[0], asking, stages[2]))
    assert run(middle, tmp_path / "asking", REFERENCE).converged in (True, False)
    with pytest.raises(ValidationError, match="String should match pattern"):
        DynamicsStage.model_validate({**example.model_dump(), "role": "two words"})
