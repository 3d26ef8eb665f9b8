"""Wrong options are refused before anything heavy is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "openmm", "dask", "distributed", "bokeh", "matplotlib", "botorch", "gpytorch", "openff", "pyscf")
CALLS = [
    "generate --n 0",
    "generate --sharpness 0",
    "generate --target 'refractive_index>1.6'",
    "generate --model absent.npz",
    "generate --reactions --monomers absent.csv",
    "generate --target 'refractive_index>1.6' --store absent.sqlite",
    "predict absent.json absent.csv",
    "simulate '*CC*' --preset fast",
    "simulate '*CC*' --properties dens",
    "simulate '*CC*' --set hot",
    "simulate '*CC' --preset quick",
    "simulate '*CC*' --export lammps",
    "simulate '*CC*' --export charmm --out x",
    "fit absent.csv --groups z",
    "fit absent.csv",
    "import absent.csv s.sqlite --fidelity experiment",
    "train --out none/m.npz",
    "train --out m.npz --set hiden=3",
    "corpus --max-per-class 0",
    "enumerate absent.csv --out y.csv",
    "backtest absent.yaml --oracle x.csv --seeds 0",
    "status absent",
    "report absent",
    "dashboard absent",
    "export absent --format z",
    "ask absent --n 0",
    "run absent.yaml",
    "validate absent.yaml",
    "doctor --cluster absent.yaml",
    "init x.yaml --preset z",
]
PROGRAM = """
import shlex, sys
from designer.cli.main import run
for call in sys.argv[1:]:
    status = run(shlex.split(call))
    loaded = [name for name in {heavy} if name in sys.modules]
    print(call, "|", status, loaded)
    assert not loaded, "the next calls cannot be judged"
"""


@pytest.mark.slow
def test_wrong_options_are_refused_before_anything_heavy_loads(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM.replace("{heavy}", repr(HEAVY)), *CALLS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [f"{call} | 2 []" for call in CALLS], done.stderr
    assert list(tmp_path.iterdir()) == []
