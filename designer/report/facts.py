"""Cost, versions and reproduction of a campaign."""

import importlib.metadata
import platform
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from designer.analysis.cost import cost_of_all
from designer.config.campaign import CampaignConfig
from designer.store.records import EvaluationRecord
from designer.store.substances import substance_of_record
from designer.text import duration
from mdcore.properties import properties_using

PACKAGES = ("python", "polymer-designer", "openmm", "rdkit", "numpy", "scipy", "dask", "SQLAlchemy", "torch", "botorch")


def compute_rows(
    records: Sequence[EvaluationRecord], config: CampaignConfig, elapsed_s: float
) -> list[tuple[str, str]]:
    """Return the cost of the campaign, as labels and texts."""
    if config.measured_outside:
        return [("Campaign since its start", duration(elapsed_s)), ("Measured", "measured outside")]
    walls = [record.wall_s for record in records if record.state == "done" and record.wall_s]
    threads = config.cluster.threads_per_worker
    cost = cost_of_all((r for r in records if r.state in ("done", "failed")), threads)
    lost = cost_of_all((r for r in records if r.state == "failed"), threads)
    rows = [
        ("Wall time of the campaign", duration(elapsed_s)),
        ("Simulation", cost.text()),
        ("Cluster", f"{config.cluster.kind}, each simulation on {threads} thread{'s' if threads > 1 else ''}"),
    ]
    if walls:
        rows.insert(2, ("One simulation, median", duration(float(np.median(walls)))))
    if lost.simulated_s:
        rows.append(("Of this, failed simulations", lost.text()))
    if repeated := sum(max(record.attempts - 1, 0) for record in records):
        rows.append(("Simulations resumed after an interruption", str(repeated)))
    return rows


def version_rows(records: Sequence[EvaluationRecord]) -> list[tuple[str, str]]:
    """Return the versions used by the measurements, according to their provenance; others as installed here."""
    used: dict[str, set[str]] = {}
    for record in records:
        for package, version in dict(record.provenance.get("versions", {})).items():
            used.setdefault(package.lower(), set()).add(str(version))
    found = []
    for package in PACKAGES:
        versions = used.pop(package.lower(), None) or _installed(package)
        if versions:
            found.append((package, ", ".join(sorted(versions))))
    found += [(package, ", ".join(sorted(versions))) for package, versions in sorted(used.items())]
    for label, keys in (
        ("OpenMM platform", ("platform", "openmm_platform")),
        ("source revision", ("git_revision", "revision")),
    ):
        values = {str(r.provenance[key]) for r in records for key in keys if r.provenance.get(key)}
        if values:
            found.append((label, ", ".join(sorted(values))))
    hosts = {record.worker.split(":")[0] for record in records if record.worker}
    if hosts:
        found.append(("hosts", str(len(hosts))))
    return found


def _installed(package: str) -> set[str]:
    if package == "python":
        return {platform.python_version()}
    try:
        return {importlib.metadata.version(package)}
    except importlib.metadata.PackageNotFoundError:
        return set()


def config_text(config: CampaignConfig) -> str:
    """Return the configuration as YAML, without defaults and without the address of the store."""
    document = config.minimal_document()
    document.pop("store", None)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def store_text(config: CampaignConfig) -> str:
    """Return the location of the measurements without an address, since reports are shared."""
    path = config.store_url().path
    return "a database server" if path is None else f"the file {path.name}"


def repeat_command(record: EvaluationRecord, config: CampaignConfig) -> str | None:
    """Return the command that repeats one evaluation alone; None where a command line cannot name its substance."""
    named = substance_of_record(record).command
    if named is None:
        return None
    section = config.minimal_document()["simulation"]
    parts = ["designer", "simulate", *named, "--preset", str(section["preset"]), "--seed", str(record.seed)]
    parts += ["--properties", ",".join(config.properties())]
    own = {key: value for key, value in section.items() if key not in ("preset", "properties", "execution")}
    for name, value in _flat(own):
        parts += [
            "--set",
            f"{name}={yaml.safe_dump(value, default_flow_style=True).removesuffix('...' + chr(10)).strip()}",
        ]
    if set(properties_using("molar_refractions")) & set(config.properties()):
        parts += ["--optics", config.optics.kind, "--optics-density", config.optics.density]
    return shlex.join(parts)


def _flat(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found
