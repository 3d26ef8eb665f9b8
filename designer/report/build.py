"""Assembly of the report page."""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from designer.analysis.cost import cost_of_all
from designer.analysis.front import front_records, hypervolume_history
from designer.columns import column_label
from designer.config.campaign import CampaignConfig
from designer.redact import without_secrets
from designer.report.calibration import calibration_rows
from designer.report.comparison import certainty_text, comparison_text, probabilities
from designer.report.drawing import subscripts
from designer.report.evaluations import MAX_ROWS, evaluation_csv, evaluation_rows
from designer.report.facts import compute_rows, config_text, repeat_command, store_text, version_rows
from designer.report.figures import front_figures
from designer.report.interactive import FrontPlot, embed, front_plots
from designer.report.known import known_with
from designer.report.learning import (
    FEW,
    calibration_figure,
    first_evaluations,
    hypervolume_figure,
    prediction_figures,
    prior_posterior_figures,
)
from designer.report.points import point_of
from designer.report.structures import structure_svg
from designer.report.tips import percent
from designer.store.records import EvaluationRecord
from designer.store.routes import Routes, route_text, stored_routes
from designer.store.store import CampaignStore
from designer.store.substances import structures_of_record
from designer.text import duration, grouped_reasons, timestamp, with_error
from mdcore.chem import Measurement, property_spec
from mdcore.chem.files import replacing, write_whole
from mdcore.chem.naming import at_density, measured_symbol
from mdcore.drawing import css_variables
from mdcore.measure import final_views
from surrogates import Constraint

MAX_CARDS = 120
"""Maximum number of polymers off the front with a drawing, the latest ones."""
MAX_FAILURES = 200


def write_report(store: CampaignStore, config: CampaignConfig, page: Path, plots: Path | None = None) -> Path:
    """Write the report of a campaign as one HTML file and return its path; an older one is replaced atomically.

    Args:
        store: The campaign.
        config: Its configuration.
        page: The file.
        plots: Folder for the plots as SVG files, if any.
    """
    page.parent.mkdir(parents=True, exist_ok=True)
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
    # Opened before anything is drawn, so that an unwritable file is reported at once.
    with replacing(page) as stream:
        content = context(store, config)
        for card in content["front"]:
            card["views"] = _views(config.campaign_folder / card["folder"], page)
        stream.write(template("template.html.j2").render(content | _scripts(content["plots"])).encode())
        if plots is not None:
            _write_plots(content, plots)
    return page


def _views(folder: Path, page: Path) -> list[str]:
    """Return the relative addresses of the 3-D views of an evaluation's final cells, and write missing ones."""
    return [
        quote(Path(os.path.relpath(view.resolve(), page.resolve().parent)).as_posix()) for view in final_views(folder)
    ]


def template(name: str) -> Any:
    """Return a template of the report, which escapes content of the store."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("designer.report", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["subscripts"] = subscripts
    return environment.get_template(name)


def _write_plots(content: dict[str, Any], folder: Path) -> None:
    named = {"hypervolume": content["hypervolume_figure"], "calibration": content["calibration_figure"]}
    for kind, key in (("front", "front_figures"), ("predicted", "predictions"), ("prior_posterior", "prior_posterior")):
        named |= {f"{kind}_{number}": svg for number, (_, svg) in enumerate(content[key], 1)}
    for name, svg in named.items():
        if svg:
            write_whole(folder / f"{name}.svg", svg)


def _scripts(plots: Sequence[FrontPlot]) -> dict[str, Any]:
    """Return the JavaScript of the page for inlining, with `</` escaped."""
    library, elements, script = embed([(p.figure, p.sources) for p in plots]) if plots else ("", [], "")
    own = files("designer.report").joinpath("report.js").read_text(encoding="utf-8")
    return {"bokeh": library, "live": elements, "scripts": [text for text in (script, own) if text]}


def context(store: CampaignStore, config: CampaignConfig) -> dict[str, Any]:
    """Return the variables of the template."""
    campaign, records = store.campaign(), store.evaluations()
    objectives = config.objective_list()
    limits = config.limit_list()
    routes = stored_routes(store.engine)
    front = front_records(records, objectives, limits)
    finished = [record for record in records if record.state in ("done", "failed")]
    done = [record for record in records if record.state == "done"]
    _, volumes = hypervolume_history(records, objectives, limits)
    on_front = {record.id for record in front}
    chances, draws = probabilities(records, objectives, limits)
    names = [o.property for o in objectives]
    failed = [record for record in records if record.failure]
    others = [record for record in records if record.id not in on_front]
    shown = sorted([*front, *others[-MAX_CARDS:]], key=lambda record: record.ordinal)
    listed = sorted([*front, *others[-MAX_ROWS:]], key=lambda record: record.ordinal)
    columns = _columns(config, done)
    threads = config.cluster.threads_per_worker
    # Nobody knows of a copolymer whether it is new.
    homopolymers = all(record.homopolymer for record in records)
    return {
        "name": campaign.name,
        "state": campaign.stop_reason or f"{len(finished)} evaluation{'s' * (len(finished) != 1)} so far",
        "finished": campaign.finished_at is not None,
        "written": timestamp(time.time()),
        "objectives": [
            {
                "label": property_spec(o.property).label,
                "unit": _unit(o.property),
                "aim": _aim_text(o.direction, o.target),
            }
            for o in objectives
        ]
        + [{"label": property_spec(c.property).label, "unit": _unit(c.property), "aim": _range(c)} for c in limits],
        "tiles": [
            {"value": str(len(done)), "label": f"{'polymers' if homopolymers else 'substances'} measured"},
            *([{"value": str(sum(not r.in_corpus for r in done)), "label": "of them new"}] if homopolymers else []),
            {"value": str(len(front)), "label": "on the Pareto front"},
            {"value": str(len(finished) - len(done)), "label": "failed simulations"},
            *(
                {"value": spent, "label": f"{unit} of simulation"}
                for spent, unit in cost_of_all(finished, threads).parts()
            ),
        ],
        "front": [_card(record, config, routes, chances, front=True) for record in front],
        "comparison": comparison_text(front, objectives, limits),
        "certainty": certainty_text([chances[record.id] for record in front], draws) if front else "",
        "columns": columns,
        "rows": evaluation_rows(listed, [c["name"] for c in columns], routes, chances, on_front),
        "not_listed": len(records) - len(listed),
        "csv": evaluation_csv(records, [c["name"] for c in columns], routes, chances, on_front),
        "plots": _plots(records, front, config, routes, chances),
        "variables": css_variables(),
        "few": FEW,
        "by_density": any(name in ("density", "refractive_index", "abbe_number") for name in names),
        "front_figures": front_figures(records, objectives, limits) if done else [],
        "known": known_with(names[:2]),
        "hypervolume_figure": hypervolume_figure(records, objectives, limits) if len(objectives) > 1 and done else None,
        "hypervolume": f"{volumes[-1]:.4g}" if len(volumes) else None,
        "predictions": prediction_figures(records, objectives),
        "prior_posterior": prior_posterior_figures(records, objectives, first_evaluations(config)),
        "calibration": calibration_rows(records, names),
        "calibration_figure": calibration_figure(records, objectives),
        "evaluated": [_card(record, config, routes, chances, front=record.id in on_front) for record in shown],
        "not_drawn": len(records) - len(shown),
        "failures": [
            (r, r.failure.kind, without_secrets(r.failure.message)) for r in failed[-MAX_FAILURES:] if r.failure
        ],
        "not_determined": [
            (r, ", ".join(property_spec(name).label for name in names), without_secrets(reason))
            for r in [one for one in records if one.not_determined][-MAX_FAILURES:]
            for reason, names in grouped_reasons(r.not_determined).items()
        ],
        "failure_kinds": Counter(r.failure.kind for r in failed if r.failure).most_common(),
        "origins": Counter(record.origin for record in finished).most_common(),
        "fidelities": sorted({m.fidelity for r in done for m in r.measurements}),
        "compute": compute_rows(records, config, campaign.elapsed_s),
        "versions": version_rows(records),
        "seed": campaign.seed,
        "store": store_text(config),
        "config": config_text(config),
        "repeat": repeat_command(front[0], config) if front and not config.measured_outside else None,
    }


def _at(measurement: Measurement) -> str:
    density = at_density(measurement)
    return "" if density is None else f"{density.symbol} {density.value_g_cm3:.4g}"


def _unit(name: str) -> str:
    unit = property_spec(name).unit
    return "" if unit == "1" else unit


def _aim_text(direction: str, target: float | None) -> str:
    return f"near {target:g}" if target is not None else direction


def _range(limit: Constraint) -> str:
    low, high = ("" if edge is None else f"{edge:g}" for edge in (limit.low, limit.high))
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}"


def _columns(config: CampaignConfig, done: Sequence[EvaluationRecord]) -> list[dict[str, str]]:
    measured = {m.property for record in done for m in record.measurements}
    measured |= {name for record in done for name in record.not_determined}
    return [
        {
            "name": name,
            "label": column_label(name, done),
            "plain": column_label(name, done, "\n").split("\n")[0],
            "unit": _unit(name),
        }
        for name in config.properties()
        if name in measured
    ]


def _plots(
    records: Sequence[EvaluationRecord],
    front: Sequence[EvaluationRecord],
    config: CampaignConfig,
    routes: Routes,
    chances: Mapping[int, float],
) -> list[FrontPlot]:
    objectives = config.objective_list()
    made = {r.id: point_of(r, objectives, route_text(routes, r.key), chances.get(r.id)) for r in records}
    points = [point for point in made.values() if point]
    if not points:
        return []
    plots = front_plots(objectives)
    for plot in plots:
        plot.show(points, [point for record in front if (point := made[record.id])])
    return plots


def _card(
    record: EvaluationRecord, config: CampaignConfig, routes: Routes, chances: Mapping[int, float], *, front: bool
) -> dict[str, Any]:
    values = []
    for name in config.properties():
        if measurement := record.measured(name):
            expected = record.predicted.get(name)
            values.append(
                {
                    "name": name,
                    "symbol": measured_symbol(measurement),
                    "at": _at(measurement),
                    "text": with_error(measurement.value, measurement.stderr),
                    "unit": _unit(name),
                    "predicted": with_error(expected.mean, expected.sd) if expected else "",
                }
            )
    return {
        "ordinal": record.ordinal,
        "psmiles": record.psmiles,
        "folder": record.folder,
        "origin": record.origin,
        "route": routes.get(record.key),
        "no_route": record.key in routes and routes[record.key] is None,
        "novelty": record.novelty,
        "is_homopolymer": record.homopolymer,
        "state": record.state,
        "svg": structure_svg(structures_of_record(record)),
        "values": values,
        "chance": percent(chances.get(record.id)),
        "front": front,
        "wall": duration(record.wall_s) if record.wall_s else "",
        "failure": record.failure.kind if record.failure else None,
    }
