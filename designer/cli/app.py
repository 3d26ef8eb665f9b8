"""The program `designer`: its commands, its version, and what it prints without a command."""

from typing import Annotated

import typer

from designer.cli.groups import GroupedCommands

app = typer.Typer(
    cls=GroupedCommands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    """Design polymers by Bayesian optimisation: propose, simulate, learn, repeat."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
