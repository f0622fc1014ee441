"""`admin keys`: who signs versions here, and whose are loaded."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from mainstay.cli.options import VERSION, on_project, open_here
from mainstay.cli.output import announce, say, show, show_json

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.lifecycle import KeyChanged
    from mainstay.project import Project


@click.group("keys")
def keys() -> None:
    """Keys that sign versions, and whose versions are loaded here; those that callers show: admin api-keys."""


@keys.command("new")
@click.option("--name", default="", help="What to call it.")
@click.option("--no-sign", is_flag=True, help="Leave the versions that are here unsigned: they aren't loaded any more.")
@on_project
def keys_new(name: str, *, no_sign: bool, folder: Path, as_json: bool) -> None:
    """Make a key that signs every version from now on; unsigned ones aren't loaded any more.

    The first key signs the versions that are here too, after every byte was compared with the registry.
    """
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "making a key")
    changed = lifecycle.new_key(project, name=name, now=_now(), sign=not no_sign)
    _tell(project, changed, "a new key signs here", as_json=as_json)


@keys.command("list")
@on_project
def keys_list(*, folder: Path, as_json: bool) -> None:
    """List the keys that are or were trusted here."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    found = lifecycle.list_keys(project)
    if as_json:
        show_json(found)
    else:
        show(lifecycle.keys_document(project, found))


@keys.command("trust")
@click.argument("public", metavar="PUBLIC")
@click.option("--name", default="", help="What to call it.")
@click.option("--force", is_flag=True, help="Even where it is the first, and didn't sign what answers now.")
@on_project
def keys_trust(public: str, name: str, *, force: bool, folder: Path, as_json: bool) -> None:
    """Load what the key PUBLIC signed: "ed25519:...", a line of OpenSSH, or a file."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "trusting a key")
    changed = lifecycle.trust_key(project, public, name=name, now=_now(), force=force)
    _tell(project, changed, "a key is trusted", as_json=as_json)


@keys.command("revoke")
@click.argument("key", metavar="ID")
@click.option("--force", is_flag=True, help="Even where it signed a version that answers now.")
@on_project
def keys_revoke(key: str, *, force: bool, folder: Path, as_json: bool) -> None:
    """Load nothing more that the key ID signed."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, f"revoking the key {key}")
    changed = lifecycle.revoke_key(project, key, force=force, now=_now())
    _tell(project, changed, "a key is revoked", as_json=as_json)


@keys.command("sign")
@click.argument("numbers", metavar="[VERSION]...", type=VERSION, nargs=-1)
@on_project
def keys_sign(numbers: tuple[int, ...], *, folder: Path, as_json: bool) -> None:
    """Sign versions after checking every byte: those named, else all that nobody signed."""
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    project = open_here(folder)
    announce(project, "signing versions")
    done = lifecycle.sign_versions(project, numbers)
    if as_json:
        show_json(done)
        return
    for one in done:
        say(f"{project.name}: version {one.version} is signed by the key {one.key}")
    if not done:
        say(f"{project.name}: every version is signed")


def _tell(project: Project, changed: KeyChanged, what: str, *, as_json: bool) -> None:
    from mainstay import lifecycle  # noqa: PLC0415 - keeps --help fast

    if as_json:
        show_json(changed)
    else:
        show(lifecycle.changed_document(project, changed, what))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
