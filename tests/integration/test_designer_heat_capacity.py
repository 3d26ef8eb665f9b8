"""The heat capacity by its name: command line, plots, series, a folder that has the cell already, kills, campaigns, refusals."""

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from designer.cli.main import run as designer
from mdcore.chem import RepeatUnit, property_spec
from mdcore.chem.errors import PlanError
from mdcore.dynamics import DynamicsStage, NVEStage
from mdcore.measure import Liquid, plan_simulation
from mdcore.protocols import Conditions, HeatCapacity
from mdcore.settings import PRESETS, SimulationSettings, preset
from mdcore.substances import Homopolymer

pytestmark = pytest.mark.seconds(160)
TINY: dict[str, Any] = {
    "cell": {"n_chains": 2, "atoms_per_chain": 60, "growth_density_g_cm3": 0.4},
    "force_field": {"cutoff_nm": 0.42, "switch_width_nm": 0.0, "ewald_tolerance": 9e-3},
    "protocol": {
        "max_temperature_K": 300.0, "compress_ps": 1.0, "melt_ps": 0.5, "cool_ps": 0.0, "settle_ps": 0.5, "sample_ps": 1.0,
        "record_interval_ps": 0.05, "max_extensions": 0, "glass_transition_K": 206.0,
    },
    "protocols": {
        "heat_capacity": {
            "spectra": 2, "spectrum_ps": 0.5, "spectrum_settle_ps": 0.2, "warm_ps": 0.4, "settle_ps": 0.4,
            "dwell_ps": 2.0,
        },
    },
    "execution": {"platform": "CPU", "threads": 1},
}  # fmt: skip
FRAMES = "runs/heat_capacity/run/frames-vibrations.npy"


def overrides(settings: dict[str, Any], where: str = "") -> list[str]:
    found = []
    for key, value in settings.items():
        found += overrides(value, f"{where}{key}.") if isinstance(value, dict) else ["--set", f"{where}{key}={value}"]
    return found


def call(properties: str, out: Path, *more: str) -> list[str]:
    return ["simulate", "*CCO*", "--properties", properties, "--seed", "3", "--out", str(out), "--json", *more,
            *overrides(TINY)]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose cell was equilibrated for the density, and then served the heat capacity."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context():
        assert designer(call("density", folder)) == 0
        assert not (folder / "runs").exists()
        before = (folder / "run" / "run.json").stat().st_mtime_ns
        assert designer(call("density,heat_capacity_cp", folder)) == 0
        assert (folder / "run" / "run.json").stat().st_mtime_ns == before
    return folder


@pytest.mark.slow
def test_the_answer_has_the_parts_and_the_folder_the_plot(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert designer(call("heat_capacity_cp", whole)) == 0
    found = json.loads(capfd.readouterr().out)["properties"]["heat_capacity_cp"]
    assert found["unit"] == "J/g/K"
    result = json.loads((whole / "result.json").read_text())["result"]
    (measured,) = result["measurements"]
    assert measured["property"] == "heat_capacity_cp"
    about = measured["provenance"]
    assert found["value"] == pytest.approx(measured["value"])
    assert about["state"] == "rubber"
    assert about["glass_transition_is"] == "given"
    assert about["enthalpy_temperatures_K"] == [406.0, 506.0]
    parts = {
        name: about[name]["value"] for name in ("classical", "harmonic_quantum", "quantum_correction", "anharmonic")
    }
    assert measured["value"] == pytest.approx(parts["classical"] + parts["quantum_correction"])
    assert measured["value"] == pytest.approx(parts["harmonic_quantum"] + parts["anharmonic"])
    # Of 7 atoms a unit with 4 constrained bonds 17 degrees of freedom remain; the ends and the centre of mass change it by 5 %.
    classical = parts["classical"] - parts["anharmonic"]
    assert classical == pytest.approx(17 * 8.314463 / 44.05, rel=0.05)
    assert 0.3 < parts["harmonic_quantum"] / classical < 0.5
    assert abs(about["largest_energy_drift"]) < 0.02
    errors = about["stderr_parts"]
    assert measured["stderr"] == pytest.approx(math.hypot(*errors.values()))
    assert errors["model"] == pytest.approx(
        7e-4 * (456.0 - 300.0), rel=1e-3
    )  # the melt is hotter; the glass transition is far
    assert errors["force_field"] == pytest.approx(2 * 0.2 * about["cp_minus_cv"]["value"])
    assert set(errors) == {"harmonic", "anharmonic", "model", "force_field"}
    plots = whole / "runs" / "heat_capacity" / "plots"
    assert (plots / "vibrations.png").stat().st_size > 10_000
    assert not (whole / "plots" / "vibrations.png").exists()
    assert (whole / "runs" / "heat_capacity" / "series.h5").exists()
    assert (plots / "run.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["vibrations 2", "settle hot"])
def test_a_killed_run_goes_on_in_every_stage(stage: str, whole: Path, tmp_path: Path) -> None:
    """Frames that were recorded before the kill stay as they are; those after it depend on the processor's threads."""
    for part in ("bundle", "run"):
        shutil.copytree(whole / part, tmp_path / "run" / part)
    code = (
        "import os, sys, signal\n"
        "import mdcore.dynamics.runner as runner\n"
        "report = runner._Run._report\n"
        "def dying(self, engine, index, now_ps, fraction):\n"
        "    report(self, engine, index, now_ps, fraction)\n"
        f"    if engine.stage.name == {stage!r} and fraction > 0.5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "runner._Run._report = dying\n"
        "from designer.cli.main import run\n"
        "run(sys.argv[1:])\n"
    )
    arguments = call("heat_capacity_cp", tmp_path / "run")
    often = ["--set", "execution.checkpoint_interval_s=0.01"]
    done = subprocess.run([sys.executable, "-c", code, *arguments, *often], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    before = (tmp_path / "run" / FRAMES).read_bytes()
    time.sleep(0.01)
    assert designer(arguments) == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())["result"]
    assert result["diagnostics"]["runs"]["heat_capacity"]["resumed"] == 1
    after = np.load(tmp_path / "run" / FRAMES, mmap_mode="r")
    expected = np.load(whole / FRAMES, mmap_mode="r")
    np.testing.assert_array_equal(after["time_ps"], expected["time_ps"])
    np.testing.assert_array_equal(after["stage"], expected["stage"])
    # Whole frames of the first spectrum were on disk before the kill.
    kept = after[:100].tobytes()
    assert kept in before
    assert result["measurements"][0]["value"] > 0.5
    assert (tmp_path / "run" / FRAMES).stat().st_size == (whole / FRAMES).stat().st_size


def test_lengths_depend_on_the_preset_and_settings_win() -> None:
    lengths = {name: HeatCapacity.of(preset(name)) for name in PRESETS}
    assert [one.dwell_ps for one in lengths.values()] == [140.0, 1000.0, 3000.0]
    assert [one.timestep_fs for one in lengths.values()] == [4.0, 4.0, 2.0]
    own = SimulationSettings.model_validate(
        {"protocols": {"heat_capacity": {"dwell_ps": 7}}, "protocol": {"glass_transition_K": 373, "timestep_fs": 3}}
    )
    protocol = HeatCapacity.of(own)
    assert (protocol.dwell_ps, protocol.glass_transition_K, protocol.timestep_fs) == (7.0, 373.0, 3.0)
    # The settings of a preset are not part of what was asked for, so that stored simulations keep their identity.
    from mdcore.settings.asked import asked_simulation

    assert asked_simulation(preset("quick")).get("protocols") is None


def test_a_rubber_is_warmed_to_a_melt_and_a_glass_is_not() -> None:
    polymer, liquid = Homopolymer(RepeatUnit.from_psmiles("*CC*")), Liquid("CCCCCC")

    def temperatures(substance: Any, transition: float | None, temperature: float) -> tuple[float, float]:
        return HeatCapacity(glass_transition_K=transition).enthalpy_temperatures_k(substance, temperature)

    assert temperatures(polymer, 195.0, 300.0) == (395.0, 495.0)
    assert temperatures(polymer, 195.0, 400.0) == (400.0, 500.0)
    assert temperatures(polymer, 373.0, 300.0) == (285.0, 315.0)
    assert temperatures(liquid, None, 298.15) == (283.15, 313.15)
    stages = HeatCapacity(glass_transition_K=195.0).plan(polymer, Conditions.of(polymer, preset("quick")))
    vibrations = [stage for stage in stages if isinstance(stage, NVEStage)]
    assert len(vibrations) == 4
    for stage in (*vibrations, *(s for s in stages if isinstance(s, DynamicsStage) and s.ensemble == "nvt")):
        assert stage.uses_true_masses
        assert stage.temperature_at(0.5) == 300.0
    assert max(stage.temperature_at(1.0) for stage in stages) == 545.0
    visits = [(s.records_as, s.planned_ps, s.temperature_at(0.0)) for s in stages if s.records_as in ("cold", "hot")]
    assert visits == [("cold", 500.0, 395.0), ("hot", 1000.0, 495.0), ("cold", 500.0, 395.0)]


def test_an_uncertain_glass_transition_at_the_temperature_is_an_error_of_the_model() -> None:
    """Half of a step of 0.3 J/g/K where it is as likely above as below; none far from it, and none for a liquid."""
    from types import SimpleNamespace

    from mdcore.properties.heat_capacity_cp import _state

    def state(substance: Any, known: float | None, temperature: float) -> tuple[dict[str, Any], float]:
        settings = SimulationSettings.model_validate({"protocol": {"glass_transition_K": known}})
        evidence: Any = SimpleNamespace(substance=substance, settings=settings, temperature_k=temperature)
        return _state(evidence)

    polymer = Homopolymer(RepeatUnit.from_psmiles("*CC*"))
    about, error = state(polymer, 300.0, 300.0)
    assert (about["state"], about["glass_transition_is"]) == ("glass", "given")
    assert error == pytest.approx(0.15)
    # One standard error of 10 K above it: the probability of a glass is 0.1587.
    about, error = state(polymer, 290.0, 300.0)
    assert about["state"] == "rubber"
    assert error == pytest.approx(0.3 * math.sqrt(0.158655 * 0.841345), rel=1e-4)
    assert state(polymer, 200.0, 300.0)[1] < 1e-6
    about, error = state(polymer, None, 300.0)
    assert (about["glass_transition_is"], about["glass_transition_stderr_K"]) == ("estimated", 50.0)
    assert 0.0 < error < 0.15
    assert state(Liquid("CCCCCC"), None, 300.0) == ({"state": "liquid"}, 0.0)


def test_what_cannot_be_measured_is_one_line() -> None:
    cold = SimulationSettings.model_validate({"protocol": {"temperature_K": 10.0}})
    with pytest.raises(
        PlanError, match=r"needs a temperature above protocols.heat_capacity.half_difference_K 15"
    ) as caught:
        plan_simulation(None, cold, ["heat_capacity_cp"])
    assert "\n" not in str(caught.value)
    wrong = SimulationSettings.model_validate({"protocols": {"heat_capacity": {"spectra": 1}}})
    with pytest.raises(
        PlanError, match=r"simulation\.protocols\.heat_capacity\.spectra 1: .*greater than or equal to 2"
    ):
        plan_simulation(None, wrong, ["heat_capacity_cp"])


def test_campaigns_take_it_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document = {
        "name": "heat",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "heat_capacity_cp", "direction": "maximise"}, {"property": "density"}],
        "simulation": {"protocols": {"heat_capacity": {"dwell_ps": 50}}},
        "stop": {"evaluations": 2},
    }
    path = tmp_path / "heat.yaml"
    path.write_text(yaml.safe_dump(document))
    assert designer(["validate", str(path)]) == 0
    document["simulation"]["protocol"] = {"temperature_K": 12.0}  # type: ignore[index]
    path.write_text(yaml.safe_dump(document))
    capfd.readouterr()
    assert designer(["validate", str(path)]) == 2
    said = capfd.readouterr().err.strip()
    assert "half_difference_K 15" in said
    assert len(said.splitlines()) == 1
    assert property_spec("heat_capacity_cp").unit == "J/g/K"
