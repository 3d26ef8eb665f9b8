"""Options and arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from designer.cli import completion

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Seed = Annotated[int, typer.Option(help="Seed of all random draws.")]
StoreArgument = Annotated[str, typer.Argument(help="Store (path or URL), folder of a campaign, or its YAML file.")]
CampaignName = Annotated[str | None, typer.Option("--campaign", help="Name of the campaign, if the store has several.")]
CampaignFile = Annotated[Path, typer.Argument(help="YAML file of the campaign.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]

DataFile = Annotated[Path, typer.Argument(help="Table with a heading (CSV, .xlsx, Parquet) and a column of pSMILES.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="Content of a column, such as 'Cp=heat_capacity_cp:J/kg/K' or 'Cp_err=heat_capacity_cp_stderr:J/kg/K'; may be repeated.",
    ),
]
Smiles = Annotated[str | None, typer.Option(help="Column of the structures; psmiles or smiles by default.")]
Sentinels = Annotated[
    list[float] | None,
    typer.Option("--failed", help="Number that denotes a failure; -9999 by default; may be repeated."),
]
Predicted = Annotated[
    list[str] | None,
    typer.Option(
        "--property",
        help="Property to predict; may be repeated; all by default.",
        autocompletion=completion.property_name,
    ),
]

Polymers = Annotated[
    Path | None,
    typer.Option(
        help="Your own repeat units: a table (CSV, .xlsx, Parquet) with a column psmiles or smiles, or a SMILES file."
    ),
]
OwnMonomers = Annotated[Path | None, typer.Option(help="Your own monomers in place of the built-in list.")]
Known = Annotated[bool, typer.Option(help="Include the built-in list of known polymers.")]
Reactions = Annotated[bool, typer.Option(help="Include the products of the polymerisation rules from the monomers.")]
PerRule = Annotated[int | None, typer.Option(help="Maximum number of polymerisations of each rule; 0 for all.")]
PerClass = Annotated[int | None, typer.Option(help="Maximum number of repeat units of each class from reactions.")]

Polymer = Annotated[str | None, typer.Option(help="Repeat unit, in any notation.")]
Evaluation = Annotated[int | None, typer.Option(help="Number of an evaluation, as shown by `designer status`.")]
OfFidelity = Annotated[
    str | None, typer.Option("--fidelity", help="Fidelity of the value, such as experiment or md-quick.")
]
OfSource = Annotated[str | None, typer.Option("--source", help="Name of an imported file.")]
OfLine = Annotated[int | None, typer.Option("--line", help="Line of that file.")]
Reason = Annotated[str, typer.Option(help="Reason for the record.")]
