"""`release`, `approve` and `rollback`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from mainstay.cli.options import VERSION, on_project, open_here, reason_option, wait_option, whoever
from mainstay.cli.output import announce, say, show, show_json, show_release

if TYPE_CHECKING:
    from pathlib import Path

_FIRST = "first step"


class _Canary(click.FloatRange):
    """Per cent, or nothing: the first step."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value == _FIRST else super().convert(value, param, ctx)


dry_option = click.option("--dry-run", is_flag=True, help="Only show what would happen, and what it is held against.")


@click.command()
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option(
    "--canary",
    type=_Canary(0, 100, min_open=True, max_open=True),
    is_flag=False,
    flag_value=_FIRST,
    help="Give it this per cent; without a number, the first of [release] steps, and the controller goes on.",
)
@click.option(
    "--ab",
    type=click.FloatRange(0, 100, max_open=True),
    help="Give it this per cent as an arm of an A/B test; 0 takes the arm out.",
)
@click.option("--shadow", is_flag=True, help="Let it answer unseen, beside the champion.")
@click.option("--trial", is_flag=True, help="Without a passing verdict; loopback only, and marked as a trial.")
@dry_option
@wait_option
@reason_option
@on_project
def release(
    number: int,
    canary: float | str | None,
    ab: float | None,
    *,
    shadow: bool,
    trial: bool,
    dry_run: bool,
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
    share, steps = lifecycle.first_step(project) if isinstance(canary, str) else (canary and canary / 100, ())
    wish = lifecycle.Wish(
        version=number,
        reason=reason or ("to be seen" if dry_run else ""),
        by=whoever(),
        canary=share,
        ab=None if ab is None else ab / 100,
        shadow=shadow,
        trial=trial,
        steps=() if trial else steps,
    )
    if dry_run:
        _foretell(lifecycle.foresee_release(project, wish), as_json=as_json)
        return
    announce(project, f"releasing version {number}")
    seen, done = lifecycle.release_seen(project, wish)
    if not as_json and seen.before is not None and seen.tried.asked:
        say(f"{project.name} version {number}: {seen.tried.words()}.")
    show_release(project, done, wait, as_json=as_json)


@click.command()
@click.argument("number", metavar="VERSION", type=VERSION)
@click.option("--role", default="", help="In which role, where [release] approvals asks for some.")
@reason_option
@on_project
def approve(number: int, role: str, *, reason: str, folder: Path, as_json: bool) -> None:
    """Say yes to VERSION, where the project asks for it; kept with your name, role and reason."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"approving version {number}")
    now, by = dt.datetime.now(dt.UTC), whoever()
    verdict = lifecycle.approve(project, number, reason=reason, now=now, by=by, role=role)
    if as_json:
        show_json(verdict)
        return
    names = ", ".join(finding.measure for finding in verdict.failed)
    passes = "It passes its gates" if verdict.ok else f"It still fails {names}"
    say(f"{project.name}: version {number} is approved by {by}{f' as {role}' if role else ''}. {passes}.")


@click.command()
@click.option("--to", type=VERSION, help="A champion further back, where the nearest can't be gone back to.")
@dry_option
@wait_option
@reason_option
@on_project
def rollback(*, to: int | None, dry_run: bool, wait: float, reason: str, folder: Path, as_json: bool) -> None:
    """Give everything back to the last different champion that was not itself rolled back.

    Automatic promotion is held from then on, until `mainstay resume`.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    if dry_run:
        _foretell(lifecycle.foresee_rollback(project, to=to), as_json=as_json)
        return
    announce(project, f"rolling back to version {to or lifecycle.rollback_destination(project)}")
    seen, done = lifecycle.rollback_seen(project, reason=reason, by=whoever(), to=to)
    for warning in () if as_json else seen.warnings:
        say(f"{project.name}: {warning}")
    show_release(project, done, wait, as_json=as_json)


def _foretell(seen: Any, *, as_json: bool) -> None:
    """Show what would happen; where it would be refused, that is the error."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if as_json:
        show_json(lifecycle.foreseen_plain(seen))
    else:
        show(lifecycle.foreseen_document(seen))
    if seen.error is not None:
        raise seen.error
