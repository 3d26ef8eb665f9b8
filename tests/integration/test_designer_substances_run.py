"""A campaign of real, tiny molecular dynamics over a copolymer and a liquid, on a local Dask cluster."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from faulty_campaign import records_of

from designer.store.substances import substance_of_record

pytestmark = pytest.mark.seconds(60)

CONFIG = """
name: mixed
seed: 3
folder: {folder}
objectives: [{{property: density}}]
initial:
  kind: list
  substances:
    - {{kind: copolymer, units: ['*CC*', '*CCO*'], sequence: {{kind: random, fractions: [0.5, 0.5]}}}}
    - {{kind: liquid, smiles: CCO}}
simulation:
  cell: {{n_chains: 2, atoms_per_chain: 60, growth_density_g_cm3: 0.4}}
  force_field: {{cutoff_nm: 0.42, switch_width_nm: 0.0, ewald_tolerance: 9.0e-3}}
  protocol:
    compress_ps: 1
    melt_ps: 0.5
    cool_ps: 0.5
    cool_at: pressure
    settle_ps: 0.5
    sample_ps: 1
    record_interval_ps: 0.05
    max_extensions: 0
  execution: {{platform: CPU}}
cluster: {{workers: 2, dashboard_port: 0}}
stop: {{evaluations: 2}}
"""


@pytest.mark.slow
def test_a_copolymer_and_a_liquid_are_simulated_by_workers(tmp_path: Path) -> None:
    path = tmp_path / "mixed.yaml"
    path.write_text(CONFIG.format(folder=tmp_path / "run"))
    done = subprocess.run(
        [sys.executable, "-m", "designer", "run", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    records = records_of(path)
    assert [record.state for record in records] == ["done", "done"], [record.failure for record in records]
    assert [record.psmiles for record in records] == ["*CC* + *CCO* (random 0.5:0.5)", "CCO (liquid)"]
    for record in records:
        density = record.measured("density")
        assert density is not None
        assert 0.3 < density.value < 2.0
        bundle = json.loads((tmp_path / "run" / record.folder / "bundle" / "bundle.json").read_text())
        assert substance_of_record(record).key in json.dumps(bundle)
    assert "CCO (liquid)" in (tmp_path / "run" / "report.html").read_text()
