"""Grouped help: the commands under the headings of `rich_help_panel`, in plain text."""

from typing import Any

from typer.core import TyperGroup

CAMPAIGNS = "Campaigns"
RESULTS = "Results"
SINGLE = "One polymer, or many, without a campaign"
DATA = "Known data and surrogates"
OUTSIDE = "Measurements made outside"
SETUP = "Set-up and maintenance"
GROUPS = (CAMPAIGNS, RESULTS, SINGLE, DATA, OUTSIDE, SETUP)
"""Headings of `designer --help`, in the order of printing."""


class GroupedCommands(TyperGroup):
    """Lists the commands group by group, each group in the order of definition."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, sorted by group."""
        return sorted(super().list_commands(ctx), key=lambda name: GROUPS.index(self._group(name)))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group."""
        names = self.list_commands(ctx)
        width = formatter.width - 6 - max(map(len, names))
        for group in GROUPS:
            rows = [
                (name, self.commands[name].get_short_help_str(width)) for name in names if self._group(name) == group
            ]
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)

    def _group(self, name: str) -> str:
        return str(getattr(self.commands[name], "rich_help_panel", None) or SETUP)
