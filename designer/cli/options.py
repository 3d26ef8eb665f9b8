"""Options and arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from designer.cli import completion

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.")]
StoreArgument = Annotated[str, typer.Argument(help="A store (path or URL), a campaign's folder, or its YAML file.")]
CampaignName = Annotated[str | None, typer.Option("--campaign", help="Which campaign, if the store holds several.")]
CampaignFile = Annotated[Path, typer.Argument(help="YAML file of the campaign.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]

DataFile = Annotated[
    Path, typer.Argument(help="Table with a heading (CSV, .xlsx, Parquet); its structures are pSMILES.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="What a column holds, as 'Cp=heat_capacity_cp:J/kg/K' or 'Cp_err=heat_capacity_cp_stderr:J/kg/K'.",
    ),
]
Smiles = Annotated[str | None, typer.Option(help="Column of the structures; psmiles or smiles otherwise.")]
Sentinels = Annotated[
    list[float] | None, typer.Option("--failed", help="Number that means a failure; -9999 otherwise.")
]
Predicted = Annotated[
    list[str] | None,
    typer.Option("--property", help="What to predict; all otherwise.", autocompletion=completion.property_name),
]

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

Polymer = Annotated[str | None, typer.Option(help="Repeat unit, in any spelling.")]
Evaluation = Annotated[int | None, typer.Option(help="Number of an evaluation, as `designer status` shows it.")]
OfFidelity = Annotated[
    str | None, typer.Option("--fidelity", help="Where the value comes from, as experiment or md-quick.")
]
OfSource = Annotated[str | None, typer.Option("--source", help="Name of an imported file.")]
OfLine = Annotated[int | None, typer.Option("--line", help="Line of that file.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
