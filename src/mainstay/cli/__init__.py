"""The command line: one line per verb. Parse, call lifecycle or the one room concerned, print."""

from mainstay.cli.program import main

__all__ = ["main"]
