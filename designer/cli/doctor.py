"""`designer doctor`: each check performs a small version of the real work and reports the outcome."""

import importlib.metadata
import importlib.util
import os
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from designer.cli.findings import Check
from designer.cli.options import Json
from designer.cli.output import answer_stream, write_json
from designer.errors import DesignerError


def doctor_command(
    cluster: Annotated[
        Path | None, typer.Option(help="YAML file of a campaign whose cluster is to be checked.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Check this machine, or a campaign's cluster."""
    with answer_stream() as stream:
        checks = []
        for check in CHECKS if cluster is None else (partial(_of_cluster, cluster),):
            found = _attempt(check)
            checks.extend(found)
            if not as_json:
                for item in found:
                    mark = {"works": "ok    ", "absent": "absent", "broken": "BROKEN"}[item.state]
                    remedy = f"; {item.remedy}" if item.remedy else ""
                    stream.write(f"{mark} {item.name}: {item.detail}{remedy}\n")
                stream.flush()
        broken = any(item.state == "broken" for item in checks)
        if as_json:
            write_json(stream, {"works": not broken, "checks": [vars(item) for item in checks]})
    return 1 if broken else 0


def _attempt(check: Callable[[], list[Check]]) -> list[Check]:
    # Unexpected exceptions are reported as findings, not hidden.
    try:
        return check()
    except DesignerError:
        raise
    except Exception as error:  # noqa: BLE001
        name = getattr(check, "__name__", "_cluster").strip("_").replace("_", " ")
        return [Check(name, "broken", " ".join(f"{type(error).__name__}: {error}".split()), "see the message")]


def _of_cluster(path: Path) -> list[Check]:
    from designer.cli.doctor_cluster import cluster_checks

    return list(cluster_checks(path, TINY))


def _python() -> list[Check]:
    version = importlib.metadata.version("polymer-designer")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        Check("python", "works", f"{platform.python_version()}, polymer-designer {version}"),
        Check("processor", "works", f"{platform.machine()}, {cores} usable cores"),
    ]


def _openmm_platforms() -> list[Check]:
    import openmm

    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    checks = [Check("openmm", "works", f"{openmm.version.full_version}")]
    for name in ("CUDA", "HIP", "OpenCL", "CPU"):
        if name not in names:
            state = "broken" if name == "CPU" else "absent"
            checks.append(Check(f"platform {name}", state, "not installed", "" if name == "HIP" else _REMEDY[name]))
            continue
        found = _energy_on(name)
        if name == "CPU" and found.state == "works" and _lacks_avx():
            found = Check(found.name, "works", f"{found.detail}, without AVX", _REMEDY["AVX"])
        checks.append(found)
    return checks


def _lacks_avx() -> bool:
    """Detect OpenMM's wheels of 8.4 to 8.6 for x86-64, whose CPU platform uses SSE only."""
    import openmm

    wheel = importlib.metadata.distribution("openmm").read_text("WHEEL") or ""
    version = tuple(int(part) for part in openmm.version.short_version.split(".")[:2])
    return "manylinux" in wheel and "x86_64" in wheel and (8, 4) <= version <= (8, 6)


_REMEDY = {
    "CUDA": "pip install 'polymer-designer[gpu]' on a machine with an NVIDIA GPU",
    "OpenCL": "install an OpenCL driver to use such a GPU",
    "CPU": "reinstall openmm",
    "AVX": "for simulations on CPUs, openmm==8.3.1 is up to 1.5 times faster",
}


def _energy_on(name: str) -> Check:
    """Compute the energy of two Lennard-Jones atoms on a platform and compare it with the closed form."""
    import openmm

    system = openmm.System()
    force = openmm.NonbondedForce()
    for _ in range(2):
        system.addParticle(40.0)
        force.addParticle(0.0, 0.34, 1.0)
    system.addForce(force)
    try:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(name))
        context.setPositions([[0.0, 0.0, 0.0], [0.34 * 2 ** (1 / 6), 0.0, 0.0]])
        energy = context.getState(getEnergy=True).getPotentialEnergy()._value
    except openmm.OpenMMException as error:
        text = " ".join(str(error).split())
        return Check(f"platform {name}", "broken" if name == "CPU" else "absent", text, _REMEDY.get(name, ""))
    if abs(energy + 1.0) > 1e-3:
        return Check(f"platform {name}", "broken", f"energy {energy:.4f} kJ/mol, expected -1", "update the driver")
    return Check(f"platform {name}", "works", "correct energy of a known system")


def _force_field() -> list[Check]:
    from mdcore.chem import Failure, RepeatUnit
    from mdcore.measure import simulate
    from mdcore.settings import SimulationSettings

    settings = SimulationSettings.model_validate({"preset": "quick", **TINY})
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="designer-doctor-") as folder:
        result = simulate(RepeatUnit.from_psmiles("*CC*"), settings, seed=0, out=Path(folder), properties=("density",))
    if isinstance(result, Failure):
        return [Check("simulation", "broken", f"{result.kind}: {result.message}", "see the platforms above")]
    return [Check("simulation", "works", f"force field, charges and dynamics in {time.perf_counter() - started:.0f} s")]


TINY = {
    "cell": {"n_chains": 3, "atoms_per_chain": 60},
    "force_field": {"cutoff_nm": 0.45, "switch_width_nm": 0.05},
    "protocol": {"compress_ps": 1.0, "melt_ps": 1.0, "cool_ps": 1.0, "settle_ps": 0.4, "sample_ps": 2.0},
}
"""Overrides for a simulation of a few seconds, which checks the installation and measures nothing."""


def _cluster() -> list[Check]:
    from designer.cluster.local import start_local
    from designer.config.cluster import LocalClusterSettings

    cluster = start_local(LocalClusterSettings(workers=1, dashboard_port=0))
    try:
        return [Check("local cluster", "works", f"a worker process and a dashboard at {cluster.dashboard}")]
    finally:
        cluster.close()


def _store() -> list[Check]:
    from designer.store import create_store
    from designer.store.engine import close_engine

    with tempfile.TemporaryDirectory(prefix="designer-doctor-") as folder:
        close_engine(create_store(Path(folder) / "store.sqlite"))
    return [Check("store", "works", "SQLite with write-ahead log")]


def _cache() -> list[Check]:
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("polymer-designer"))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return [Check("cache", "works", f"{folder} is writable")]


def _optional() -> list[Check]:
    extras = {"dask_jobqueue": "slurm", "psycopg": "postgres", "dask_cuda": "gpu"}
    return [
        Check(module, "works", "installed")
        if importlib.util.find_spec(module)
        else Check(module, "absent", "not installed", f"pip install 'polymer-designer[{extra}]' if you need it")
        for module, extra in extras.items()
    ]


def _quantum_chemistry() -> list[Check]:
    """Compute the static polarizability of the hydrogen molecule, whose basis-set limit is about 0.8 cubic angstrom."""
    from mdcore.optics.device import gpu_obstacle
    from mdcore.optics.level import Level, pyscf_available

    name = "quantum chemistry"
    if not pyscf_available():
        return [
            Check(
                name, "absent", "PySCF is not installed", "pip install 'polymer-designer[dft]' for the optics tier dft"
            )
        ]
    import numpy as np

    from mdcore.optics.geometry import Geometry
    from mdcore.optics.polarizability import isotropic, polarizability

    hydrogen = Geometry(("H", "H"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.741]]))
    found = float(isotropic(polarizability(hydrogen, Level(), (0.0,), device="cpu"))[0])
    if not 0.7 < found < 0.95:
        return [Check(name, "broken", f"polarizability of H2 {found:.3f} A^3, expected 0.8 A^3", "reinstall pyscf")]
    obstacle = gpu_obstacle()
    on_gpu = (
        Check("quantum chemistry on a GPU", "works", "gpu4pyscf finds a GPU")
        if obstacle is None
        else Check(
            "quantum chemistry on a GPU", "absent", obstacle, "pip install 'polymer-designer[dft-gpu]' if you need it"
        )
    )
    return [Check(name, "works", f"PySCF, polarizability of H2 {found:.2f} A^3"), on_gpu]


CHECKS = (_python, _openmm_platforms, _store, _cache, _cluster, _force_field, _quantum_chemistry, _optional)
