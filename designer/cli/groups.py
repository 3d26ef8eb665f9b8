"""The command line's group: grouped help in plain text."""

from typing import Any

from typer.core import TyperGroup

from designer.cli.commands import COMMANDS, GROUPS, LazyCommand


class GroupedCommands(TyperGroup):
    """The group of all commands, which lists them by groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = {entry.name: LazyCommand(entry) for entry in COMMANDS}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands in the order of the table."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group."""
        width = formatter.width - 6 - max(len(entry.name) for entry in COMMANDS)
        for group in GROUPS:
            rows = [
                (entry.name, self.commands[entry.name].get_short_help_str(width))
                for entry in COMMANDS
                if entry.group == group
            ]
            with formatter.section(group):
                formatter.write_dl(rows)
