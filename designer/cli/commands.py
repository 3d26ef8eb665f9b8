"""The table of commands: name, function, group and summary.

A command and its options are declared in its own module, which is imported when the command is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand

from designer.cli.passwords import refuse_passwords

CAMPAIGNS = "Campaigns"
RESULTS = "Results"
SINGLE = "One polymer, or many, without a campaign"
DATA = "Known data and surrogates"
OUTSIDE = "Measurements made outside"
SETUP = "Set-up and maintenance"
GROUPS = (CAMPAIGNS, RESULTS, SINGLE, DATA, OUTSIDE, SETUP)
"""Headings of `designer --help`, in the order of printing."""


@dataclass(frozen=True)
class Entry:
    """One command of the table.

    Attributes:
        name: Name of the command.
        home: Its function, as `MODULE:FUNCTION` in this package.
        group: Heading that it is listed under.
        summary: First line of its help.
    """

    name: str
    home: str
    group: str
    summary: str


COMMANDS = (
    Entry("run", "run:run_command", CAMPAIGNS, "Start or resume a campaign."),
    Entry(
        "backtest",
        "backtest:backtest_command",
        CAMPAIGNS,
        "Replay a campaign on known data and compare with baselines.",
    ),
    Entry("init", "init:init_command", CAMPAIGNS, "Write a commented campaign file from a few answers."),
    Entry("validate", "validate:validate_command", CAMPAIGNS, "Check a campaign file."),
    Entry("status", "status:status_command", RESULTS, "Show the state and the front of a campaign."),
    Entry("report", "report:report_command", RESULTS, "Write an HTML report that opens without a network."),
    Entry("compare", "compare:compare_command", RESULTS, "Compare campaigns with the same objectives."),
    Entry(
        "dashboard",
        "dashboard:dashboard_command",
        RESULTS,
        "Serve the campaign page to a browser from the store.",
    ),
    Entry("export", "export:export_command", RESULTS, "Write all measurements with units and provenance."),
    Entry("correct", "correct:correct_command", RESULTS, "Correct an imported, recorded or simulated value."),
    Entry(
        "withdraw", "correct:withdraw_command", RESULTS, "Withdraw a measurement, an evaluation or an imported file."
    ),
    Entry("backup", "backup:backup_command", RESULTS, "Copy a store, which may be in use, to a single SQLite file."),
    Entry(
        "simulate", "simulate:simulate_command", SINGLE, "Simulate one polymer, copolymer, liquid or other substance."
    ),
    Entry("generate", "generate:generate_command", SINGLE, "Propose distinct, valid repeat units."),
    Entry("route", "route:route_command", SINGLE, "Find monomers and polymerisations that form a repeat unit."),
    Entry("enumerate", "route:enumerate_command", SINGLE, "Write all repeat units that a list of monomers can form."),
    Entry("corpus", "corpus:corpus_command", DATA, "Count the repeat units of a corpus, by source and class."),
    Entry("train", "train:train_command", DATA, "Train or fine-tune a neural language model."),
    Entry("import", "importing:import_command", DATA, "Import known data into a store as training data of campaigns."),
    Entry("fit", "fitting:fit_command", DATA, "Train, cross-validate and calibrate surrogates."),
    Entry("predict", "predict:predict_command", DATA, "Predict properties of repeat units with a fitted surrogate."),
    Entry("ask", "ask:ask_command", OUTSIDE, "Reserve candidates for measurements made outside, and print them."),
    Entry("tell", "tell:tell_command", OUTSIDE, "Record results that were measured outside."),
    Entry("migrate", "migrate:migrate_command", SETUP, "Upgrade the store of an earlier version."),
    Entry("doctor", "doctor:doctor_command", SETUP, "Check this machine, or a campaign's cluster."),
    Entry("schema", "validate:schema_command", SETUP, "Print the JSON Schema of campaign files, for editors."),
)
"""All commands, each group in the order of printing."""


class LazyCommand(TyperCommand):
    """A command of the table, which loads its module when it is called, completed or asked for help."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, short_help=entry.summary, rich_help_panel=entry.group)
        self._entry = entry
        self._loaded: TyperCommand | None = None

    @property
    def function(self) -> Callable[..., int]:
        """Return the function of the command, whose annotations declare the options."""
        module, _, name = self._entry.home.partition(":")
        found: Callable[..., int] = getattr(import_module(f"designer.cli.{module}"), name)
        return found

    def loaded(self) -> TyperCommand:
        """Return the command with its options; all parameters except those of stores reject passwords."""
        if self._loaded is None:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
            alone.command(self._entry.name)(self.function)
            command = typer.main.get_command(alone)
            if not isinstance(command, TyperCommand):
                raise TypeError(f"{self._entry.home} is a {type(command).__name__}, not a command")
            self._loaded = refuse_passwords(command)
        return self._loaded

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Return the context of the real command."""
        return self.loaded().make_context(*arguments, **options)
