"""Write docs/reference/cli.md from the command line's own help; a test fails when the two differ.

Run: python docs/make_cli.py
"""

from __future__ import annotations

from pathlib import Path

import click

from mainstay.cli.program import VERBS, program

PAGE = Path(__file__).parent / "reference" / "cli.md"
HEAD = """\
# Command line

Every verb acts on the project in the current folder or `--project DIR`, says which one before it changes anything,
and takes `--json` where it has something to tell a program. Exit codes: 0 ok, 1 a gate or check failed,
2 usage or input error.

This page is written by `python docs/make_cli.py` from the program's own help.
"""


def page() -> str:
    """Give the page as text."""
    context = click.Context(program, info_name="mainstay", help_option_names=["-h", "--help"])
    parts = [HEAD]
    for chapter, verbs in VERBS.items():
        parts.append(f"## {chapter}\n")
        for verb in verbs:
            command = program.get_command(context, verb)
            assert command is not None, verb  # noqa: S101 - a verb of the table that can't be loaded is a bug
            parts.extend(_entry(command, context, f"mainstay {verb}"))
    return "\n".join(parts)


def _entry(command: click.Command, parent: click.Context, name: str) -> list[str]:
    context = click.Context(
        command, info_name=name.rsplit(" ", 1)[-1], parent=parent, max_content_width=100, terminal_width=100
    )
    entry = [f"### `{name}`\n", f"```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            inner = command.get_command(context, sub)
            if inner is not None:
                entry.extend(_entry(inner, context, f"{name} {sub}"))
    return entry


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
