"""Cost of plans: time in proportion to steps and atoms."""

import pytest

from mdcore.chem import RepeatUnit
from mdcore.measure import Homopolymer, plan_simulation
from mdcore.measure.cost import cost_of, finished_runs
from mdcore.settings import SimulationSettings, preset

POLYMER = Homopolymer(RepeatUnit.from_psmiles("*CC(*)c1ccccc1"))
CORE_US, GPU_US, GPU_NS = 2.1, 75.0, 7.5


def test_time_grows_with_steps_atoms_and_replicates():
    settings = preset("quick")
    plan = plan_simulation(POLYMER, settings, ("density",))
    (run,) = [task for task in plan.tasks if task.kind == "run"]
    # 1 ps of soft start at 1 fs, 8 ps of compression at 2 fs, and melt, cooling, settling and sampling at 4 fs.
    steps = 1000.0 + 4000.0 + (40.0 + 60.0 + 12.0 + 24.0) / 0.004
    assert run.n_steps == pytest.approx(steps)
    cost = cost_of(plan, settings)
    assert cost.simulated_ns == pytest.approx(0.145)
    assert cost.core_s == pytest.approx(steps * 570 * CORE_US * 1e-6)
    assert cost.gpu_s == pytest.approx(steps * (GPU_US * 1e-6 + 570 * GPU_NS * 1e-9))
    assert cost_of(plan, settings, ["equilibrated"]).core_s == 0.0
    doubled = settings.model_copy(update={"replicates": 2})
    assert cost_of(plan, doubled).core_s == pytest.approx(2 * cost.core_s)


def test_a_longer_cell_and_a_shorter_step_cost_more():
    settings = SimulationSettings.model_validate(
        {"protocols": {"heat_flow": {"replicas": 3, "duration_ps": 300, "hydrogens": "true_masses"}}}
    )
    plan = plan_simulation(POLYMER, settings, ("thermal_conductivity",))
    flow = plan.task("heat_flow")
    assert flow.relative_size == 3.0
    assert flow.n_steps == pytest.approx(flow.simulated_ps / 0.002)
    runs = [task for task in plan.tasks if task.kind == "run"]
    work = {task.name: task.n_steps * task.relative_size for task in runs}
    assert flow.cost == pytest.approx(0.95 * work["heat_flow"] / sum(work.values()))


def test_runs_of_a_folder_that_are_finished(tmp_path):
    plan = plan_simulation(POLYMER, preset("quick"), ("thermal_conductivity",))
    assert finished_runs(tmp_path, plan) == ()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").touch()
    assert finished_runs(tmp_path, plan) == ("equilibrated",)
