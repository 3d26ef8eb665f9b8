"""The commands: what each is called, where it lives, its group and its summary.

A command and its options are declared in its own module, which is imported when the command is called.
"""

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
        name: What a user types.
        home: Its function, as `MODULE:FUNCTION` of this package.
        group: Heading that it is listed under.
        summary: First line of its help.
    """

    name: str
    home: str
    group: str
    summary: str


COMMANDS = (
    Entry("run", "run:run_command", CAMPAIGNS, "Start or resume a campaign."),
    Entry("backtest", "backtest:backtest_command", CAMPAIGNS, "Replay a campaign on known data, beside baselines."),
    Entry("init", "init:init_command", CAMPAIGNS, "Write a commented campaign file from a few answers."),
    Entry("validate", "validate:validate_command", CAMPAIGNS, "Check a campaign file and touch nothing."),
    Entry("status", "status:status_command", RESULTS, "Show what happened and what is running."),
    Entry("report", "report:report_command", RESULTS, "Write an HTML report that opens without a network."),
    Entry("compare", "compare:compare_command", RESULTS, "Compare campaigns with the same objectives."),
    Entry(
        "dashboard",
        "dashboard:dashboard_command",
        RESULTS,
        "Serve the campaign page to a browser, from the store alone.",
    ),
    Entry("export", "export:export_command", RESULTS, "Write every measurement with its unit and provenance."),
    Entry("correct", "correct:correct_command", RESULTS, "Correct a value that was imported, told or simulated."),
    Entry(
        "withdraw", "correct:withdraw_command", RESULTS, "Take back a measurement, an evaluation or an imported file."
    ),
    Entry("backup", "backup:backup_command", RESULTS, "Copy a store, also one in use, into one whole SQLite file."),
    Entry(
        "simulate", "simulate:simulate_command", SINGLE, "Simulate one polymer, copolymer, liquid or other substance."
    ),
    Entry("generate", "generate:generate_command", SINGLE, "Propose repeat units, each distinct and valid."),
    Entry("route", "route:route_command", SINGLE, "Find monomers and polymerisations that form a repeat unit."),
    Entry("enumerate", "route:enumerate_command", SINGLE, "Write the repeat units that a list of monomers can form."),
    Entry("corpus", "corpus:corpus_command", DATA, "Count the repeat units of a corpus, by source and class."),
    Entry("train", "train:train_command", DATA, "Train or fine-tune a neural language model."),
    Entry("import", "importing:import_command", DATA, "Import known data into a store, for campaigns to learn from."),
    Entry("fit", "fitting:fit_command", DATA, "Train, cross-validate and calibrate surrogates."),
    Entry("predict", "predict:predict_command", DATA, "Predict properties of repeat units with a fitted surrogate."),
    Entry("ask", "ask:ask_command", OUTSIDE, "Reserve candidates for measurement elsewhere, and print them."),
    Entry("tell", "tell:tell_command", OUTSIDE, "Record what was measured elsewhere."),
    Entry("migrate", "migrate:migrate_command", SETUP, "Bring the store of an earlier version to this one."),
    Entry("doctor", "doctor:doctor_command", SETUP, "Check this machine, or a campaign's cluster."),
    Entry("schema", "validate:schema_command", SETUP, "Print the JSON Schema of campaign files, for editors."),
)
"""All commands, each group in the order of printing."""


class LazyCommand(TyperCommand):
    """A command of the table, which becomes the real one when it is called, completed or asked for help."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, short_help=entry.summary, rich_help_panel=entry.group)
        self._entry = entry
        self._loaded: TyperCommand | None = None

    def loaded(self) -> TyperCommand:
        """Return the command with its options; every parameter but those of stores refuses passwords."""
        if self._loaded is None:
            module, _, function = self._entry.home.partition(":")
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
            alone.command(self._entry.name)(getattr(import_module(f"designer.cli.{module}"), function))
            command = typer.main.get_command(alone)
            if not isinstance(command, TyperCommand):
                raise TypeError(f"{self._entry.home} is a {type(command).__name__}, not a command")
            self._loaded = refuse_passwords(command)
        return self._loaded

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Return the context of the real command."""
        return self.loaded().make_context(*arguments, **options)
