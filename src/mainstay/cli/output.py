"""Printing: a document for people, JSON for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mainstay.errors import MainstayError

if TYPE_CHECKING:
    from mainstay.lifecycle import Optimized, Repoliced
    from mainstay.project import Project
    from mainstay.release import Release
    from mainstay.render.document import Document


def show(document: Document) -> None:
    """Print a document to the terminal; plain text where it isn't one."""
    from mainstay.render.terminal import print_document  # noqa: PLC0415 - keeps --help fast

    print_document(document)


def show_json(value: object) -> None:
    """Print a value as JSON on standard output."""
    import msgspec  # noqa: PLC0415 - keeps --help fast

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def show_release(project: Project, done: Release, wait: float, *, as_json: bool) -> None:
    """Say who answers since a release, and which workers do by now."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if not as_json:
        say(lifecycle.describe_release(done))
    followed = None
    try:
        if done.steps and not as_json and (hold := lifecycle.held(project)) is not None:
            say(f"{project.name}: no step is taken meanwhile. {lifecycle.held_words(hold)}")
        followed = lifecycle.follow(project, done, wait)
    except MainstayError as error:  # it is released all the same
        say(f"{project.name}: which servers follow can't be told. {error}")
    lifecycle.mirror(project, say)
    if not as_json:
        if followed is not None:
            say(lifecycle.describe_followed(followed))
        return
    import msgspec  # noqa: PLC0415 - keeps --help fast

    show_json({**msgspec.to_builtins(done), "followed": followed})


def show_derived(
    project: Project, made: Optimized | Repoliced, document: Document, whence: str, *, as_json: bool
) -> None:
    """Say that a version made from another is registered, and whether it may answer."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    lifecycle.mirror(project, say, seconds=lifecycle.LATER)
    if as_json:
        show_json(made)
        return
    show(document)
    said = ". It passes its gates" if made.verdict.ok else ", but it fails a gate: release it with --trial alone"
    say(f"{project.name}: version {made.version.number} is registered, {whence}{said}.")
    if made.note:
        say(f"{project.name}: {made.note}")


def say(line: str) -> None:
    """Say one line to the person at the terminal, on standard error."""
    click.echo(line, err=True)


def announce(project: Project, what: str) -> None:
    """Say which project is about to be changed, before it is."""
    say(f"{project.name} ({project.root}): {what}")


def at_terminal() -> bool:
    """Whether a person is there to answer questions."""
    return sys.stdin.isatty() and sys.stderr.isatty()
