"""`admin api-keys`: who may call the server, and what for."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import on_project, open_here
from mainstay.cli.output import announce, say, show, show_json
from mainstay.cli.times import TimeLength

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.serving.guard import Scope

_SCOPES = ("predict", "feedback", "read", "admin")
_EXPIRES = TimeLength("12h, 90d, 52w", least=1)


@click.group("api-keys")
def api_keys() -> None:
    """Keys that callers of the server show; those that sign versions: admin keys.

    As soon as there is one, the server answers nobody without. They stand in the project's books, or in the file that
    MAINSTAY_API_KEYS names.
    """


@api_keys.command("new")
@click.argument("name", metavar="NAME")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(_SCOPES), help="What it opens; several times.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Requests a second it may send.")
@click.option("--expires", type=_EXPIRES, metavar="LENGTH", help="How long it is good for: 12h, 90d, 52w.")
@on_project
def api_keys_new(
    name: str,
    *,
    scopes: tuple[Scope, ...],
    rate: float | None,
    expires: dt.timedelta | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Make a key for the caller NAME, and show it this once; running servers know it within a second or two."""
    from mainstay.serving.guard import key_file  # noqa: PLC0415 - keeps --help fast

    if rate is not None and not math.isfinite(rate):
        raise click.UsageError("--rate is a number of requests a second.")
    project, now = open_here(folder), _now()
    file = key_file(project)
    until = _after(now, expires)
    announce(project, f"making an API key in {file.path}")
    first = file.stamp() is None
    kept, token = file.add(name, scopes, now=now, rate=rate, expires=until)
    if as_json:
        show_json({"key": token, "id": kept.id, "name": kept.name, "scopes": kept.scopes, "expires": kept.expires})
        return
    click.echo(token)
    say(f"{project.name}: this key opens {', '.join(kept.scopes)} for {kept.name}. It isn't shown again.")
    if first:
        say(f"{project.name}: from now on the server answers nobody who shows no key.")


@api_keys.command("list")
@on_project
def api_keys_list(*, folder: Path, as_json: bool) -> None:
    """List the keys, without their secrets."""
    from mainstay.serving.guard import key_file  # noqa: PLC0415 - keeps --help fast
    from mainstay.serving.guard.listing import list_keys, listing_document  # noqa: PLC0415 - as above

    project = open_here(folder)
    listed = list_keys(key_file(project).read(), _now())
    if as_json:
        show_json(listed)
    else:
        show(listing_document(project.name, listed))


@api_keys.command("revoke")
@click.argument("key", metavar="ID")
@on_project
def api_keys_revoke(key: str, *, folder: Path, as_json: bool) -> None:
    """Let the key ID open nothing any more; running servers know within a second or two."""
    from mainstay.serving.guard import key_file  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"revoking the API key {key}")
    done = key_file(project).revoke(key, now=_now())
    if as_json:
        show_json({"id": done.id, "name": done.name, "revoked": done.revoked})
    else:
        say(f"{project.name}: the key {done.id} of {done.name} opens nothing any more")


def _after(now: dt.datetime, length: dt.timedelta | None) -> dt.datetime | None:
    try:
        return None if length is None else now + length
    except OverflowError:
        raise click.UsageError("--expires lies beyond the calendar: 12h, 90d, 52w.") from None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
