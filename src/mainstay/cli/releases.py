"""`release`, `approve`, `rollback` and `history`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import VERSION, on_project, open_here, reason_option, wait_option, whoever
from mainstay.cli.output import announce, say, show, show_json, show_release

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--canary", type=click.FloatRange(0, 100, min_open=True, max_open=True), help="Give it this per cent.")
@click.option(
    "--ab",
    type=click.FloatRange(0, 100, max_open=True),
    help="Give it this per cent as an arm of an A/B test; 0 takes the arm out.",
)
@click.option("--shadow", is_flag=True, help="Let it answer unseen, beside the champion.")
@click.option("--trial", is_flag=True, help="Without a passing verdict; loopback only, and marked as a trial.")
@wait_option
@reason_option
@on_project
def release(
    number: int,
    canary: float | None,
    ab: float | None,
    *,
    shadow: bool,
    trial: bool,
    wait: float,
    reason: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Let VERSION answer: everything, a share with --canary or --ab, or nothing but the log with --shadow."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if (canary is not None) + (ab is not None) + shadow > 1:
        raise click.UsageError("--canary, --ab and --shadow are different things: choose one.")
    announce(project, f"releasing version {number}")
    done = lifecycle.release(
        project,
        number,
        canary=None if canary is None else canary / 100,
        ab=None if ab is None else ab / 100,
        shadow=shadow,
        trial=trial,
        reason=reason,
        by=whoever(),
    )
    show_release(project, done, wait, as_json=as_json)


@click.command()
@click.argument("number", metavar="VERSION", type=VERSION)
@reason_option
@on_project
def approve(number: int, *, reason: str, folder: Path, as_json: bool) -> None:
    """Say yes to VERSION, where [evaluation] approve asks for it; kept with your name and reason."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"approving version {number}")
    verdict = lifecycle.approve(project, number, reason=reason, now=dt.datetime.now(dt.UTC), by=whoever())
    if as_json:
        show_json(verdict)
        return
    names = ", ".join(finding.measure for finding in verdict.failed)
    passes = "It passes its gates" if verdict.ok else f"It still fails {names}"
    say(f"{project.name}: version {number} is approved by {whoever()}. {passes}.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show where it would go.")
@wait_option
@reason_option
@on_project
def rollback(*, dry_run: bool, wait: float, reason: str, folder: Path, as_json: bool) -> None:
    """Give everything back to the last different champion that was not itself rolled back."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    target = lifecycle.rollback_destination(project)
    if dry_run:
        if as_json:
            show_json({"model": project.name, "version": target})
        else:
            say(f"{project.name}: a rollback would give 100 % to version {target}. Nothing was changed.")
        return
    announce(project, f"rolling back to version {target}")
    done = lifecycle.rollback(project, reason=reason, by=whoever())
    show_release(project, done, wait, as_json=as_json)


@click.command()
@click.option("--at", type=click.DateTime(), help="Only who answered at this moment (UTC).")
@on_project
def history(at: dt.datetime | None, *, folder: Path, as_json: bool) -> None:
    """Who answered, since when, by whom and why; newest first."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    moment = at.replace(tzinfo=dt.UTC) if at else None
    rows = lifecycle.history(project, at=moment)
    if as_json:
        show_json(rows)
    else:
        show(lifecycle.history_document(project.name, rows))
