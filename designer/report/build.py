"""Gather what the report shows, and fill the page."""

import importlib.metadata
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from designer.campaign.front import front_records, hypervolume_history
from designer.config.campaign import CampaignConfig
from designer.report.figures import front_figures, hypervolume_figure, prediction_figures
from designer.report.known import known_polymers
from designer.report.structures import structure_svg
from designer.store.records import EvaluationRecord
from designer.store.routes import Routes, stored_routes
from designer.store.store import CampaignStore
from designer.store.url import shown
from designer.text import duration, with_error
from mdcore.chem import property_spec

PACKAGES = ("python", "polymer-designer", "openmm", "rdkit", "numpy", "scipy", "dask", "SQLAlchemy", "torch", "botorch")


def write_report(store: CampaignStore, config: CampaignConfig, page: Path) -> Path:
    """Write the report of a campaign as one HTML file and return its path; an older one is replaced in one step."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("designer.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("template.html.j2").render(context(store, config))
    page.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=page.parent, suffix=".html", delete=False) as stream:
        stream.write(html)
    Path(stream.name).chmod(0o644)
    return Path(stream.name).replace(page)


def context(store: CampaignStore, config: CampaignConfig) -> dict[str, Any]:
    """Return what the template shows."""
    campaign, records = store.campaign(), store.evaluations()
    objectives = config.objective_list()
    limits = config.limit_list()
    routes = stored_routes(store.engine)
    front = front_records(records, objectives, limits)
    finished = [record for record in records if record.state in ("done", "failed")]
    done = [record for record in records if record.state == "done"]
    _, volumes = hypervolume_history(records, objectives, limits)
    on_front = {record.id for record in front}
    simulated_s = sum(record.wall_s for record in records)
    return {
        "name": campaign.name,
        "state": campaign.stop_reason or f"{len(finished)} evaluations so far",
        "finished": campaign.finished_at is not None,
        "written": time.strftime("%Y-%m-%d %H:%M", time.localtime()),
        "objectives": [
            {
                "label": property_spec(o.property).label,
                "unit": _unit(o.property),
                "aim": _aim_text(o.direction, o.target),
            }
            for o in objectives
        ],
        "tiles": [
            {"value": str(len(done)), "label": "polymers measured"},
            {"value": str(sum(not r.in_corpus for r in done)), "label": "of them outside the corpus"},
            {"value": str(len(front)), "label": "on the Pareto front"},
            {"value": str(len(finished) - len(done)), "label": "failed simulations"},
            {"value": duration(simulated_s), "label": "of simulation"},
        ],
        "front": [_card(record, config, routes, front=True) for record in front],
        "columns": _columns(config, done),
        "front_figures": front_figures(records, objectives, limits) if done else [],
        "known": [
            k for k in known_polymers() if len(objectives) > 1 and all(o.property in k.values for o in objectives[:2])
        ],
        "hypervolume_figure": hypervolume_figure(records, objectives, limits) if len(objectives) > 1 and done else None,
        "hypervolume": f"{volumes[-1]:.4g}" if len(volumes) else None,
        "predictions": prediction_figures(records, objectives),
        "calibration": _calibration(records, [o.property for o in objectives]),
        "evaluated": [_card(record, config, routes, front=record.id in on_front) for record in records],
        "failures": [(record, record.failure) for record in records if record.failure],
        "origins": Counter(record.origin for record in finished).most_common(),
        "fidelities": sorted({m.fidelity for r in done for m in r.measurements}),
        "compute": _compute(records, config, campaign.elapsed_s),
        "versions": _versions(records),
        "seed": campaign.seed,
        "store": shown(config.store_url()),
        "config": _config_text(config),
    }


def _unit(name: str) -> str:
    unit = property_spec(name).unit
    return "" if unit == "1" else unit


def _aim_text(direction: str, target: float | None) -> str:
    return f"near {target:g}" if target is not None else direction


def _columns(config: CampaignConfig, done: Sequence[EvaluationRecord]) -> list[dict[str, str]]:
    measured = {m.property for record in done for m in record.measurements}
    return [
        {"name": name, "label": property_spec(name).label, "unit": _unit(name)}
        for name in config.properties()
        if name in measured
    ]


def _card(record: EvaluationRecord, config: CampaignConfig, routes: Routes, *, front: bool) -> dict[str, Any]:
    values = []
    for name in config.properties():
        if measurement := record.measured(name):
            expected = record.predicted.get(name)
            values.append(
                {
                    "name": name,
                    "symbol": property_spec(name).symbol,
                    "text": with_error(measurement.value, measurement.stderr),
                    "unit": _unit(name),
                    "predicted": with_error(expected.mean, expected.sd) if expected else "",
                }
            )
    return {
        "ordinal": record.ordinal,
        "psmiles": record.psmiles,
        "origin": record.origin,
        "route": routes.get(record.key),
        "no_route": record.key in routes and routes[record.key] is None,
        "in_corpus": record.in_corpus,
        "state": record.state,
        "svg": structure_svg(record.psmiles),
        "values": values,
        "front": front,
        "wall": duration(record.wall_s) if record.wall_s else "",
        "failure": record.failure,
    }


def _calibration(records: Sequence[EvaluationRecord], names: Sequence[str]) -> list[dict[str, str]]:
    """Compare predictions with measurements in units of their joint error: mean error, and shares inside 1 and 2 errors."""
    rows = []
    for name in names:
        pairs = [(r.predicted[name], m) for r in records if name in r.predicted and (m := r.measured(name))]
        if not pairs:
            continue
        errors = np.array([m.value - p.mean for p, m in pairs])
        scaled = np.abs(errors) / np.array([np.hypot(p.sd, m.stderr) for p, m in pairs])
        rows.append(
            {
                "label": property_spec(name).label,
                "n": str(len(pairs)),
                "mae": f"{np.abs(errors).mean():.3g}{' ' if _unit(name) else ''}{_unit(name)}",
                "one": f"{100 * (scaled < 1).mean():.0f} %",
                "two": f"{100 * (scaled < 2).mean():.0f} %",
            }
        )
    return rows


def _compute(records: Sequence[EvaluationRecord], config: CampaignConfig, elapsed_s: float) -> list[tuple[str, str]]:
    walls = [record.wall_s for record in records if record.state == "done" and record.wall_s]
    threads = config.cluster.threads_per_worker
    core_hours = sum(record.wall_s for record in records) * threads / 3600
    rows = [
        ("Wall time of the campaign", duration(elapsed_s)),
        ("Core-hours of simulation", f"{core_hours:.2f}"),
        ("Simulations at a time", f"{config.cluster.workers}, each on {threads} thread{'s' if threads > 1 else ''}"),
    ]
    if walls:
        rows.insert(2, ("One simulation, median", duration(float(np.median(walls)))))
    if repeated := sum(max(record.attempts - 1, 0) for record in records):
        rows.append(("Simulations resumed after an interruption", str(repeated)))
    return rows


def _versions(records: Sequence[EvaluationRecord]) -> list[tuple[str, str]]:
    """Return the versions that measured, as the measurements tell, and of the others those installed here."""
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
    hosts = sorted({record.worker.split(":")[0] for record in records if record.worker})
    platforms = {
        str(r.provenance[key]) for r in records for key in ("platform", "openmm_platform") if key in r.provenance
    }
    if platforms:
        found.append(("OpenMM platform", ", ".join(sorted(platforms))))
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


def _config_text(config: CampaignConfig) -> str:
    """Return the configuration as YAML, without what equals its default, and with the store's password taken out."""
    document = config.minimal_document()
    if config.store:
        document["store"] = shown(config.store)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
