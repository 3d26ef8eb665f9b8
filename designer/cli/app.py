"""The commands and their options; what they do is in the modules beside this one."""

from pathlib import Path
from typing import Annotated

import typer

from designer.cli import completion
from designer.cli.groups import CAMPAIGNS, DATA, OUTSIDE, RESULTS, SETUP, SINGLE, GroupedCommands

app = typer.Typer(
    cls=GroupedCommands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.")]
StoreArgument = Annotated[str, typer.Argument(help="A store (path or URL), a campaign's folder, or its YAML file.")]
CampaignName = Annotated[str | None, typer.Option("--campaign", help="Which campaign, if the store holds several.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"polymer-designer {version('polymer-designer')}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Design polymers by Bayesian optimisation: propose, simulate, learn, and start again."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(rich_help_panel=CAMPAIGNS)
def run(
    config: Annotated[Path, typer.Argument(help="YAML file of the campaign.")],
    json: Json = False,
    report: Annotated[bool, typer.Option(help="Write report.html at the end.")] = True,
) -> int:
    """Start or resume a campaign."""
    from designer.cli.run import run_command

    return run_command(config, as_json=json, with_report=report)


@app.command(rich_help_panel=RESULTS)
def status(store: StoreArgument, campaign: CampaignName = None, json: Json = False) -> int:
    """Show what happened and what is running."""
    from designer.cli.status import status_command

    return status_command(store, campaign, as_json=json)


@app.command(rich_help_panel=RESULTS)
def report(
    store: StoreArgument,
    campaign: CampaignName = None,
    out: Annotated[Path | None, typer.Option(help="HTML file to write; report.html beside the store.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Folder for each plot as an SVG file of its own.")] = None,
    json: Json = False,
) -> int:
    """Write an HTML report that opens without a network."""
    from designer.cli.report import report_command

    return report_command(store, campaign, out, plots, as_json=json)


@app.command(rich_help_panel=RESULTS)
def compare(
    stores: Annotated[
        list[str],
        typer.Argument(metavar="STORE...", help="Stores (paths or URLs), campaigns' folders, or their YAML files."),
    ],
    campaign: Annotated[
        list[str] | None,
        typer.Option("--campaign", help="Which campaigns, by name; all that the stores hold otherwise."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="HTML file to write, with fronts and hypervolume curves.")] = None,
    json: Json = False,
) -> int:
    """Compare campaigns with the same objectives."""
    from designer.cli.compare import compare_command

    return compare_command(stores, campaign or [], out, as_json=json)


@app.command(rich_help_panel=RESULTS)
def dashboard(
    store: StoreArgument,
    campaign: CampaignName = None,
    host: Annotated[str, typer.Option(help="Interface to listen on; the loopback interface by default.")] = "127.0.0.1",
    without_tls: Annotated[
        bool,
        typer.Option("--without-tls", help="Confirm a --host that other machines reach: the page has no password."),
    ] = False,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.")] = 0,
    json: Json = False,
) -> int:
    """Serve the campaign page to a browser, from the store alone."""
    from designer.cli.dashboard import dashboard_command

    return dashboard_command(store, campaign, host, port, without_tls=without_tls, as_json=json)


@app.command(rich_help_panel=SINGLE)
def simulate(
    structures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STRUCTURE...",
            help="Repeat unit with two stars, for example '*CC(*)c1ccccc1'; several for a copolymer; a molecule for a liquid.",
        ),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            help="Named set of simulation settings: quick, standard, accurate.", autocompletion=completion.presets
        ),
    ] = "quick",
    properties: Annotated[
        str | None,
        typer.Option(
            help="What to measure, separated by commas; density, and of polymers slowly_cooled_density, if left out.",
            autocompletion=completion.property_list,
        ),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder to keep and to resume in; a temporary one otherwise.")
    ] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="A setting that differs, as protocol.temperature_K=350.")
    ] = None,
    optics: Annotated[
        str, typer.Option(help="Molar refractions: additive, dft, or auto for the one with the smaller stated error.")
    ] = "auto",
    optics_density: Annotated[
        str,
        typer.Option(
            help="Density of refractive index and Abbe number: slowly_cooled, corrected for the cooling rate, or simulated."
        ),
    ] = "slowly_cooled",
    sequence: Annotated[
        str | None, typer.Option(help="How the units of a copolymer follow each other: alternating, random or block.")
    ] = None,
    fractions: Annotated[
        str | None,
        typer.Option(help="Mole fractions of a random or block copolymer's units, as 0.7,0.3; equal otherwise."),
    ] = None,
    trajectory: Annotated[
        float | None, typer.Option(help="Keep a DCD trajectory with a frame every so many ps; needs --out.")
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option(
            help="Write the final cell for another engine into OUT/export: gromacs, lammps or openmm; may be repeated; needs --out.",
            autocompletion=completion.engines,
        ),
    ] = None,
    substance: Annotated[
        Path | None,
        typer.Option(help="YAML file that describes the substance: its kind and fields; in place of structures."),
    ] = None,
    json: Json = False,
) -> int:
    """Simulate one polymer, copolymer, liquid or other substance."""
    from designer.cli.simulate import simulate_command

    return simulate_command(
        structures or [],
        preset,
        properties,
        seed,
        out,
        override or [],
        (optics, optics_density),
        sequence,
        fractions,
        trajectory,
        export or [],
        substance,
        as_json=json,
    )


@app.command(rich_help_panel=SINGLE)
def generate(
    n: Annotated[int, typer.Option("--n", help="How many repeat units.")] = 10,
    target: Annotated[
        list[str] | None, typer.Option(help="Property to reach, as 'refractive_index>1.65'; needs --store.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Store or campaign: what it has measured is left out, and teaches the surrogates of --target."
        ),
    ] = None,
    campaign: CampaignName = None,
    model: Annotated[
        Path | None, typer.Option(help="Saved language model; an n-gram model of the corpus otherwise.")
    ] = None,
    reactions: Annotated[
        bool, typer.Option("--reactions", help="Propose polymerisations of monomers, each with its route.")
    ] = False,
    monomers: Annotated[
        Path | None, typer.Option(help="List of monomers for --reactions; the built-in otherwise.")
    ] = None,
    routes: Annotated[bool, typer.Option("--routes", help="Look for a synthesis route of each repeat unit.")] = False,
    sharpness: Annotated[
        float, typer.Option(help="Exponent of the targets' probability: above 1 more of the proposals meet them.")
    ] = 1.0,
    best_of: Annotated[
        float, typer.Option(help="Candidates looked for to take each one from, by the targets' probability.")
    ] = 1.0,
    diversity: Annotated[
        float, typer.Option(help="With --best-of: mean distance that those taken are to have, 0 to 1; 0.7 is diverse.")
    ] = 0.0,
    novel: Annotated[
        bool, typer.Option("--novel", help="Only new repeat units, which the corpus does not hold.")
    ] = False,
    measured: Annotated[
        bool, typer.Option("--measured", help="Also repeat units that the store has measured already.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File to write, .csv or .json; standard output otherwise.")] = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Propose repeat units, each distinct and valid.

    Each is marked new, known (in the corpus of known polymers and of what common monomers form) or measured (in the store).
    """
    from designer.cli.generate import GeneratorChoice, Output, Source, Taking, generate_command

    choice = GeneratorChoice(model, reactions, monomers, sharpness)
    taking = Taking(best_of, diversity)
    source, output = Source(store, campaign), Output(novel, measured, routes, out, json)
    return generate_command(n, target or [], source, seed, choice, taking, output)


Polymers = Annotated[
    Path | None,
    typer.Option(
        help="Your own repeat units: a table (CSV, .xlsx, Parquet) with a column psmiles or smiles, or a SMILES file."
    ),
]
OwnMonomers = Annotated[Path | None, typer.Option(help="Your own monomers, in place of the built-in list.")]
Known = Annotated[bool, typer.Option(help="Include the built-in list of known polymers.")]
Reactions = Annotated[bool, typer.Option(help="Include what the polymerisation rules make from the monomers.")]
PerRule = Annotated[int | None, typer.Option(help="Most polymerisations of each rule; 0 for all.")]
PerClass = Annotated[int | None, typer.Option(help="Most repeat units of each class that the reactions make.")]


@app.command(rich_help_panel=DATA)
def corpus(
    polymers: Polymers = None,
    monomers: OwnMonomers = None,
    known: Known = True,
    reactions: Reactions = True,
    max_per_rule: PerRule = 3000,
    max_per_class: PerClass = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write the repeat units to.")] = None,
    json: Json = False,
) -> int:
    """Count the repeat units of a corpus, by source and class."""
    from designer.cli.corpus import corpus_command, corpus_settings

    settings = corpus_settings(polymers, monomers, known, reactions, max_per_rule, max_per_class)
    return corpus_command(settings, out, as_json=json)


@app.command(rich_help_panel=DATA)
def train(
    out: Annotated[Path, typer.Option(help="File of the model, .npz.")],
    polymers: Polymers = None,
    monomers: OwnMonomers = None,
    known: Known = True,
    reactions: Reactions = True,
    max_per_rule: PerRule = 3000,
    max_per_class: PerClass = None,
    start: Annotated[Path | None, typer.Option(help="Model to fine-tune on --polymers alone.")] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="A setting that differs, as epochs=10 or hidden=128.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model in --out.")] = False,
    json: Json = False,
) -> int:
    """Train or fine-tune a neural language model.

    After an interruption the same command resumes.
    """
    from designer.cli.corpus import corpus_settings
    from designer.cli.train import train_command

    settings = corpus_settings(polymers, monomers, known, reactions, max_per_rule, max_per_class)
    return train_command(out, settings, start, override or [], overwrite=overwrite, as_json=json)


@app.command(rich_help_panel=SINGLE)
def route(
    psmiles: Annotated[str, typer.Argument(help="Repeat unit with two stars, for example '*CC(*)c1ccccc1'.")],
    json: Json = False,
) -> int:
    """Find monomers and polymerisations that form a repeat unit."""
    from designer.cli.route import route_command

    return route_command(psmiles, as_json=json)


@app.command("enumerate", rich_help_panel=SINGLE)
def enumerate_(
    monomers: Annotated[
        Path,
        typer.Argument(help="List of monomers: a table (CSV, .xlsx, Parquet) with a column smiles, or a SMILES file."),
    ],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    limit: Annotated[int | None, typer.Option(help="Stop after so many rows.")] = None,
    json: Json = False,
) -> int:
    """Write the repeat units that a list of monomers can form."""
    from designer.cli.route import enumerate_command

    return enumerate_command(monomers, out, limit, as_json=json)


DataFile = Annotated[
    Path, typer.Argument(help="Table with a heading (CSV, .xlsx, Parquet); its structures are pSMILES.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="What a column holds, as 'Cp=heat_capacity_cp:J/kg/K' or 'Cp_err=heat_capacity_cp_stderr:J/kg/K'."),
]  # fmt: skip
Smiles = Annotated[str | None, typer.Option(help="Column of the structures; psmiles or smiles otherwise.")]
Sentinels = Annotated[
    list[float] | None, typer.Option("--failed", help="Number that means a failure; -9999 otherwise.")
]


@app.command("import", rich_help_panel=DATA)
def import_(
    data: DataFile,
    store: Annotated[str, typer.Argument(help="A store (path or URL), a campaign's folder, or its YAML file.")],
    fidelity: Annotated[str, typer.Option(help="Where the data come from, as md-gaff2 or experiment.")],
    column: Columns = None,
    smiles: Smiles = None,
    failed: Sentinels = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of older content of this file.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if a row cannot be used.")] = False,
    json: Json = False,
) -> int:  # fmt: skip
    """Import known data into a store, for campaigns to learn from."""
    from designer.cli.importing import import_command
    from designer.data.table import SENTINELS

    return import_command(
        data, store, fidelity, column or [], smiles, failed or SENTINELS, replace=replace, strict=strict, as_json=json
    )


@app.command(rich_help_panel=DATA)
def fit(
    data: DataFile,
    property_: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            help="What to predict; every property of the file otherwise.",
            autocompletion=completion.property_name,
        ),
    ] = None,
    column: Columns = None,
    smiles: Smiles = None,
    failed: Sentinels = None,
    groups: Annotated[str, typer.Option(help="What no fold shares with another: key, cluster (of similar units), both.")] = "both",
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = 5,
    features: Annotated[str, typer.Option(help="both, fingerprints, descriptors, force-field or all.")] = "both",
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Folder of the model, predictions and plots; fits/NAME.")] = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Train, cross-validate and calibrate surrogates."""
    from designer.cli.fitting import fit_command
    from designer.data.table import SENTINELS

    return fit_command(
        data, property_ or [], column or [], smiles, failed or SENTINELS,
        groups=groups, folds=folds, features=features, seed=seed, out=out, as_json=json,
    )  # fmt: skip


@app.command(rich_help_panel=DATA)
def predict(
    store: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Folder or model.json of `designer fit`; or a store, a campaign's folder or YAML file."
        ),
    ],
    structures: Annotated[Path, typer.Argument(help="List of repeat units: a table with a column psmiles, or a SMILES file.")],
    property_: Annotated[
        list[str] | None,
        typer.Option("--property", help="What to predict; all otherwise.", autocompletion=completion.property_name),
    ] = None,
    campaign: CampaignName = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="CSV file to write; standard output otherwise.")] = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Predict properties of repeat units with a fitted surrogate."""
    from designer.cli.predict import predict_command

    return predict_command(store, structures, property_ or [], campaign, seed, out, as_json=json)


@app.command(rich_help_panel=CAMPAIGNS)
def backtest(
    config: Annotated[Path, typer.Argument(help="YAML file of the campaign.")],
    oracle: Annotated[Path, typer.Option(help="Table (CSV, .xlsx, Parquet) that answers instead of simulations.")],
    seeds: Annotated[int, typer.Option(help="Replays of each strategy, with other random starts.")] = 20,
    strategy: Annotated[
        list[str] | None,
        typer.Option(help="campaign, ehvi-rbf, a method of the acquisition, or another YAML file; give it several times."),
    ] = None,
    evaluations: Annotated[int | None, typer.Option(help="Evaluations of each replay; those of the file otherwise.")] = None,
    batch: Annotated[int, typer.Option(help="Polymers chosen at a time.")] = 10,
    start: Annotated[int | None, typer.Option(help="Random polymers known at the start; as many as the file's.")] = None,
    known: Annotated[Path | None, typer.Option(help="Table of polymers known at the start instead.")] = None,
    column: Columns = None,
    smiles: Smiles = None,
    failed: Sentinels = None,
    first_seed: Annotated[int, typer.Option(help="Seed of the first replay.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; as many as there are cores otherwise.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder of the curves and plots; backtest in the campaign's.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run replays again that are in the folder.")] = False,
    json: Json = False,
) -> int:  # fmt: skip
    """Replay a campaign on known data, beside baselines.

    Shows how many evaluations the campaign would need, before anything is simulated.
    """
    import os

    from designer.cli.backtest import backtest_command
    from designer.data.table import SENTINELS

    return backtest_command(
        config, oracle, seeds=seeds, first_seed=first_seed, strategies=strategy or [], evaluations=evaluations, batch=batch,
        start=start, known=known, columns=column or [], smiles=smiles, sentinels=failed or SENTINELS,
        workers=workers or os.cpu_count() or 1, out=out, fresh=fresh, as_json=json,
    )  # fmt: skip


@app.command(rich_help_panel=OUTSIDE)
def ask(
    store: StoreArgument,
    n: Annotated[int, typer.Option("--n", help="How many candidates.")] = 1,
    days: Annotated[float, typer.Option(help="How long they are reserved; a result that comes later is taken as well.")] = 30.0,
    fidelity: Annotated[str | None, typer.Option(help="Where they will be measured; experiment otherwise.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="File to write; standard output otherwise.")] = None,
    campaign: CampaignName = None,
) -> int:  # fmt: skip
    """Reserve candidates for measurement elsewhere, and print them."""
    from designer.cli.ask import ask_command

    return ask_command(store, campaign, n, days, fidelity, form, out)


@app.command(rich_help_panel=OUTSIDE)
def tell(
    store: StoreArgument,
    results: Annotated[Path, typer.Argument(help="Table or JSON file, as `designer ask` printed it, filled in.")],
    fidelity: Annotated[str | None, typer.Option(help="Where rows come from that do not say it; experiment otherwise.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put results in the place of others that are recorded; these stay on record.")
    ] = False,
    campaign: CampaignName = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Record what was measured elsewhere.

    All rows of a file are recorded, or none if one breaks a rule.
    """
    from designer.cli.tell import tell_command

    return tell_command(store, results, campaign, fidelity, replace=replace, as_json=json)


@app.command(rich_help_panel=RESULTS)
def export(
    store: StoreArgument,
    out: Annotated[Path | None, typer.Option(help="File to write, .csv, .json or .parquet; standard output otherwise.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="csv, json or parquet; the file's ending says it otherwise.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="All campaigns of the store.")] = False,
    history: Annotated[
        bool, typer.Option("--corrections", help="Write what was corrected and withdrawn instead: old and new value, who, when, why.")
    ] = False,
    campaign: CampaignName = None,
) -> int:  # fmt: skip
    """Write every measurement with its unit and provenance."""
    from designer.cli.export import export_command

    return export_command(store, campaign, out, form, whole=whole, history=history)


Polymer = Annotated[str | None, typer.Option(help="Repeat unit, in any spelling.")]
Evaluation = Annotated[int | None, typer.Option(help="Number of an evaluation, as `designer status` shows it.")]
OfFidelity = Annotated[
    str | None, typer.Option("--fidelity", help="Where the value comes from, as experiment or md-quick.")
]
OfSource = Annotated[str | None, typer.Option("--source", help="Name of an imported file.")]
OfLine = Annotated[int | None, typer.Option("--line", help="Line of that file.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@app.command(rich_help_panel=RESULTS)
def correct(
    store: StoreArgument,
    property_: Annotated[str, typer.Option("--property", help="Which property is wrong.")],
    reason: Reason,
    polymer: Polymer = None,
    evaluation: Evaluation = None,
    value: Annotated[float | None, typer.Option(help="The right value.")] = None,
    stderr: Annotated[float | None, typer.Option(help="Its standard error; the recorded one stays otherwise.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of both; the registry's otherwise.")] = None,
    fidelity: OfFidelity = None,
    source: OfSource = None,
    line: OfLine = None,
    campaign: CampaignName = None,
    json: Json = False,
) -> int:
    """Correct a value that was imported, told or simulated.

    The old value, who corrected it, when and why stay on record; the surrogates learn from the new one.
    """
    from designer.cli.correct import correct_command

    return correct_command(
        store, campaign, polymer=polymer, evaluation=evaluation, property_=property_, value=value, stderr=stderr, unit=unit,
        fidelity=fidelity, source=source, line=line, reason=reason, as_json=json,
    )  # fmt: skip


@app.command(rich_help_panel=RESULTS)
def withdraw(
    store: StoreArgument,
    reason: Reason,
    polymer: Polymer = None,
    evaluation: Evaluation = None,
    property_: Annotated[str | None, typer.Option("--property", help="Withdraw this property alone.")] = None,
    fidelity: OfFidelity = None,
    source: OfSource = None,
    line: OfLine = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Have the simulation done again with other random numbers, or ask for it again."),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All results that match, if there are several.")] = False,
    campaign: CampaignName = None,
    json: Json = False,
) -> int:
    """Take back a measurement, an evaluation or an imported file.

    What is withdrawn stays on record; surrogates, fronts and reports forget it.
    """
    from designer.cli.correct import withdraw_command

    return withdraw_command(
        store, campaign, polymer=polymer, evaluation=evaluation, property_=property_, fidelity=fidelity, source=source,
        line=line, reason=reason, again=again, everything=everything, as_json=json,
    )  # fmt: skip


@app.command(rich_help_panel=RESULTS)
def backup(
    store: StoreArgument,
    out: Annotated[Path, typer.Argument(help="SQLite file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: Json = False,
) -> int:
    """Copy a store, also one in use, into one whole SQLite file."""
    from designer.cli.backup import backup_command

    return backup_command(store, out, force=force, as_json=json)


@app.command(rich_help_panel=SETUP)
def migrate(store: StoreArgument, json: Json = False) -> int:
    """Bring the store of an earlier version to this one.

    A copy of an SQLite file is kept.
    """
    from designer.cli.migrate import migrate_command

    return migrate_command(store, as_json=json)


@app.command(rich_help_panel=SETUP)
def doctor(
    cluster: Annotated[Path | None, typer.Option(help="YAML file of a campaign whose cluster is to be tried.")] = None,
    json: Json = False,
) -> int:
    """Check this machine, or a campaign's cluster."""
    from designer.cli.doctor import doctor_command

    return doctor_command(cluster, as_json=json)


@app.command(rich_help_panel=CAMPAIGNS)
def init(
    config: Annotated[Path, typer.Argument(help="YAML file to write.")] = Path("campaign.yaml"),
    name: Annotated[str | None, typer.Option(help="Name of the campaign; the file's by default.")] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(help="As maximise:refractive_index, minimise:density, target:density=1.1; may be repeated."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Simulation settings: quick, standard, accurate.", autocompletion=completion.presets),
    ] = None,
    evaluations: Annotated[int | None, typer.Option(min=1, help="Polymers to evaluate.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Simulations at a time.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of each simulation.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: Json = False,
) -> int:
    """Write a commented campaign file from a few answers.

    On a terminal it asks for what no option gives.
    """
    from designer.cli.init import init_command

    return init_command(config, name, objective or [], preset, evaluations, workers, threads, force=force, as_json=json)


@app.command(rich_help_panel=CAMPAIGNS)
def validate(
    config: Annotated[Path, typer.Argument(help="YAML file of the campaign.")],
    json: Json = False,
) -> int:
    """Check a campaign file and touch nothing."""
    from designer.cli.validate import validate_command

    return validate_command(config, as_json=json)


@app.command(rich_help_panel=SETUP)
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference for people instead.")] = False,
) -> int:
    """Print the JSON Schema of campaign files, for editors."""
    from designer.cli.validate import schema_command

    return schema_command(as_markdown=markdown)
