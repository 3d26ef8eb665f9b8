"""A run that fails beside a finished one: what was measured is kept, and no process repeats it."""

from pathlib import Path
from typing import Any

import pytest

from mdcore.chem import Failure, RepeatUnit
from mdcore.chem.errors import SimulationExploded
from mdcore.measure import SimulationResult, execute, prepare, simulate, write_outputs
from mdcore.settings import SimulationSettings

UNIT = RepeatUnit.from_psmiles("*CC(*)C")
TINY: dict[str, Any] = {
    "cell": {"n_chains": 2, "atoms_per_chain": 60, "growth_density_g_cm3": 0.3},
    "force_field": {"cutoff_nm": 0.42, "switch_width_nm": 0.0, "ewald_tolerance": 9e-3},
    "protocol": {
        "max_temperature_K": 300.0, "compress_ps": 1.0, "melt_ps": 0.5, "cool_ps": 0.0, "settle_ps": 0.5, "sample_ps": 1.0,
        "record_interval_ps": 0.05, "max_extensions": 0,
    },
    "execution": {"threads": 1, "platform": "CPU"},
}  # fmt: skip


@pytest.mark.slow
def test_a_further_run_that_fails_leaves_the_rest_measured_and_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = {"cooling_scan": {"hold_ps": 2.0, "heat_ps": 0.5, "melt_ps": 0.5}}
    settings = SimulationSettings.model_validate({**TINY, "protocols": scan})
    plain, tried = execute.run, list[Path]()

    def exploding(bundle: Any, out: Path, *more: Any, **named: Any) -> Any:
        if "cooling_scan" in str(out):
            tried.append(out)
            raise SimulationExploded("the energy is not finite in stair 500 K")
        return plain(bundle, out, *more, **named)

    monkeypatch.setattr(execute, "run", exploding)
    request: dict[str, Any] = {"seed": 1, "out": tmp_path, "properties": ("density", "scan_cooled_density")}
    assert prepare(UNIT, settings, **request, phase=1) is None
    result = simulate(UNIT, settings, **request)
    assert len(tried) == 1
    assert isinstance(result, SimulationResult)
    assert [m.property for m in result.measurements] == ["density"]
    reason = "the run cooling_scan failed: the energy is not finite in stair 500 K"
    assert result.not_determined == {"scan_cooled_density": reason}
    assert result.diagnostics["runs"] == {
        "cooling_scan": {"failure": "exploded", "message": "the energy is not finite in stair 500 K"}
    }
    assert simulate(UNIT, settings, **request) == result
    assert {path.name for path in write_outputs(tmp_path)} >= {"series.h5", "run.png"}
    # Nothing is left of a request for the scan alone, so that it fails, and as what it failed.
    failure = simulate(UNIT, settings, **{**request, "properties": ("scan_cooled_density",)})
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message) == ("exploded", "the energy is not finite in stair 500 K")
    # Longer stairs are another run.
    scan["cooling_scan"]["hold_ps"] = 3.0
    longer = SimulationSettings.model_validate({**TINY, "protocols": scan})
    assert simulate(UNIT, longer, **request).not_determined == {"scan_cooled_density": reason}
    assert len(tried) == 2
