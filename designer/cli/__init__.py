"""The command line. Heavy libraries are imported by the commands that need them."""

from designer.cli.main import main

__all__ = ["main"]
