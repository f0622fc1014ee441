"""The keys of a project on this machine: which may sign here, and whose bundles are loaded.

::

    .mainstay/keys/ID.pem     a private key that was made here (PKCS 8), for this user alone
    .mainstay/keys/ID.pub     a public key that is trusted here (a line of OpenSSH: the key, its name, since when)
    .mainstay/keys/revoked    keys that are trusted no more, whatever else names them
    [serving] keys            public keys that the server's own project file trusts: "ed25519:<base64>"
    MAINSTAY_SIGNING_KEY      the file of a private key that lies elsewhere, such as a secret that is mounted

Read anew each time, so that a key that is trusted or revoked counts from the next load on.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from mainstay.errors import InputError, NotFoundError, SetupError
from mainstay.project.located import read_located
from mainstay.registry.key_files import (
    PREFIX,
    make_private,
    openssh_line,
    parse_public,
    read_key_file,
    read_private,
    read_public,
    write_private,
    write_public,
)
from mainstay.registry.signing import Signer, TrustedKeys, key_id
from mainstay.state import from_text, private_folder, sync_folder, to_text
from mainstay.state.files import PRIVATE_FILE, unreadable, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project

VARIABLE = "MAINSTAY_SIGNING_KEY"
FILE, FOLDER = "mainstay.toml", ".mainstay/keys"
PublicKey = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^ed25519:[A-Za-z0-9+/]{43}=$", description='a public key: "ed25519:" and its 32 bytes in base64'
    ),
]


class _Serving(msgspec.Struct, frozen=True):
    keys: tuple[PublicKey, ...] = ()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is or was trusted here.

    Parameters
    ----------
    id : str
        The first 16 digits of the SHA-256 of the raw public key.
    public : str
        As ``[serving] keys`` takes it.
    name : str
        What it was called here.
    since : datetime or None
        When it was made, or trusted, here; None where nothing says so.
    where : str
        What names it: ``"mainstay.toml"``, ``".mainstay/keys"``, ``"MAINSTAY_SIGNING_KEY"``.
    signs : bool
        Whether its private half is here.
    revoked : bool
        Whether it is trusted no more.

    """

    id: str
    public: str
    name: str = ""
    since: dt.datetime | None = None
    where: str = FOLDER
    signs: bool = False
    revoked: bool = False

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the public key."""
        return base64.b64decode(self.public.removeprefix(PREFIX))


@dataclass(frozen=True)
class ProjectKeys:
    """The keys of a project on this machine; the head of this file says where they lie.

    Parameters
    ----------
    project : Project
        Whose. Of its file ``[serving] keys`` is read again each time.

    """

    project: Project

    @property
    def folder(self) -> Path:
        """Where the keys of this machine lie."""
        return self.project.books / "keys"

    def trusted(self) -> TrustedKeys:
        """Give the keys whose bundles are loaded here.

        Raises
        ------
        ProjectError, InputError, StoreError, SetupError
            Where one of the places can't be read: then nothing is loaded, rather than everything.

        """
        known = self.known()
        return TrustedKeys({key.id: key.raw for key in known if not key.revoked}, demanded=bool(known))

    def signer(self) -> Signer | None:
        """Give the key that signs here: the one MAINSTAY_SIGNING_KEY names, else the newest that was made here.

        Returns
        -------
        Signer or None
            None where there is no key at all.

        Raises
        ------
        SetupError
            Where it can't be used, or others are trusted here and none can sign.

        """
        known = self.known()
        own = [key for key in known if key.signs and not key.revoked]
        named = os.environ.get(VARIABLE)
        if own and named:
            own = [key for key in own if key.where == VARIABLE]
        if own:
            newest = max(own, key=lambda key: (key.since is not None, key.since, key.id))
            path = Path(named) if named else self.folder / f"{newest.id}.pem"
            return Signer(newest.id, read_private(path))
        if known:
            raise SetupError(
                "Versions of this project are signed, and there is no key here to sign with.",
                f"Make one: mainstay admin keys new, or name a private key's file in {VARIABLE}.",
            )
        return None

    def known(self) -> tuple[Known, ...]:
        """List every key that is or was trusted here: those nobody knows the day of first, then the oldest."""
        revoked = self._revoked()
        found = {key.id: key for key in (*revoked, *self._of_file(), *self._of_folder(), *self._of_environment())}
        gone = {key.id for key in revoked}
        marked = [msgspec.structs.replace(key, revoked=key.id in gone) for key in found.values()]
        return tuple(sorted(marked, key=lambda key: ("" if key.since is None else to_text(key.since), key.id)))

    def one(self, name: str) -> Known:
        """Give the key of an id, or of the first digits of one.

        Raises
        ------
        NotFoundError
            Where there is none, or there are several.

        """
        fitting = [key for key in self.known() if name and key.id.startswith(name)]
        if len(fitting) != 1:
            many = len(fitting) or "No"
            raise NotFoundError(
                f"{many} keys here have an id that begins with '{name[:40]}'.", "See them: mainstay admin keys list"
            )
        return fitting[0]

    def make(self, name: str, now: dt.datetime, *, before: Callable[[Signer], object] | None = None) -> Known:
        """Make a key that signs here, and is trusted here.

        Parameters
        ----------
        name : str
            What to call it.
        now : datetime
            The moment, UTC.
        before : callable, optional
            What to do with the key before it counts: until that is done, no signature is asked for because of it.

        Raises
        ------
        StoreError
            Where it can't be written.

        """
        public, private = make_private()
        key = _known(public, _word(name), now)
        path = private_folder(self.folder) / f"{key.id}.pem"
        write_private(path, private)
        if before is not None:
            before(Signer(key.id, read_private(path)))
        self._write(key, now)
        return msgspec.structs.replace(key, signs=True)

    def trust(self, text: str, name: str, now: dt.datetime) -> Known:
        """Load what this public key signed, from now on.

        Parameters
        ----------
        text : str
            The key, as `read_public` takes it.
        name : str
            What to call it here; empty: what its own line says.
        now : datetime
            The moment, UTC.

        Raises
        ------
        InputError
            Where it is no public key of Ed25519, or was revoked here.
        StoreError
            Where it can't be written.

        """
        public, said = read_public(text)
        key = _known(public, _word(name or _named(said)[0]), now)
        known = {one.id: one for one in self.known()}
        if key.id in known and known[key.id].revoked:
            raise InputError(
                f"The key {key.id} was revoked here, so it isn't trusted again.",
                f"Make another one; if that was a mistake, take its line out of {self.folder / 'revoked'}.",
            )
        if key.id not in known or known[key.id].where != FOLDER:
            private_folder(self.folder)
            self._write(key, now)
        return self.one(key.id)

    def revoke(self, key: Known, now: dt.datetime) -> Known:
        """Trust a key no more, whatever else names it; raises `StoreError`."""
        path = private_folder(self.folder) / "revoked"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE)
            try:
                os.write(handle, f"{key.public} {_word(key.name)} {to_text(now)}\n".encode())  # one write: never in two
                os.fsync(handle)
            finally:
                os.close(handle)
            sync_folder(self.folder)
        except OSError as error:
            raise unwritable(path, error) from None
        return msgspec.structs.replace(key, revoked=True)

    def _write(self, key: Known, now: dt.datetime) -> None:
        write_public(self.folder / f"{key.id}.pub", openssh_line(key.raw, f"{key.name} {to_text(now)}"))

    def _of_folder(self) -> list[Known]:
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unreadable(self.folder, error) from None
        found = []
        for path in (self.folder / name for name in names if name.endswith(".pub")):
            public, said = parse_public(read_key_file(path), str(path))
            key = _known(public, *_named(said))
            found.append(msgspec.structs.replace(key, signs=f"{key.id}.pem" in names))
        return found

    def _of_file(self) -> list[Known]:
        said = read_located(self.project.file.path).decode("serving", _Serving).keys
        return [msgspec.structs.replace(_known(parse_public(key, key)[0]), where=FILE) for key in said]

    def _of_environment(self) -> list[Known]:
        path = os.environ.get(VARIABLE)
        if not path:
            return []
        public = read_private(Path(path)).public_key().public_bytes_raw()
        return [msgspec.structs.replace(_known(public), where=VARIABLE, signs=True)]

    def _revoked(self) -> list[Known]:
        path = self.folder / "revoked"
        try:
            lines = read_key_file(path).splitlines()
        except NotFoundError:
            return []
        parsed = [parse_public(line, str(path)) for line in lines if line.strip()]
        return [_known(public, *_named(said)) for public, said in parsed]


def _known(public: bytes, name: str = "", since: dt.datetime | None = None) -> Known:
    return Known(id=key_id(public), public=PREFIX + base64.b64encode(public).decode(), name=name, since=since)


def _named(said: str) -> tuple[str, dt.datetime | None]:
    """Take the moment off the end of what a line says."""
    name, _, last = said.rpartition(" ")
    try:
        moment = from_text(last)
    except ValueError:
        return said, None
    return (name, moment) if moment.tzinfo is not None else (said, None)


def _word(name: str) -> str:
    """Keep a name to one line of plain words: it goes into a file of lines."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())[:60] or "unnamed"
