"""`Tls`: certificate and key of the server, read anew when they are renewed."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

from mainstay.errors import InputError
from mainstay.serving.guard.certificate import not_after
from mainstay.serving.served import Seldom, say

if TYPE_CHECKING:
    from pathlib import Path

_SOON = dt.timedelta(days=14)


class Tls:
    """What connections are encrypted with: TLS 1.2 or newer, and nothing that can be renegotiated.

    Parameters
    ----------
    certificate, key : Path
        PEM files: the certificate with those above it, and its private key without a pass phrase.

    Raises
    ------
    InputError
        Where they can't be used: missing, damaged, of different pairs, locked by a pass phrase, or expired.

    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._stamps = self._look()
        self.expires = _expiry(certificate)
        if self.expires <= dt.datetime.now(dt.UTC):
            raise InputError(f"The certificate {certificate} expired on {self.expires:%Y-%m-%d}.", "Renew it.")
        self.context = _context(certificate, key)
        self.pair = self._read()
        """Key and certificate as they are in use."""
        self._seldom = Seldom()
        self._told = ""
        self._warn()

    def renew(self) -> bool:
        """Read the files anew where they have changed; says whether they are in use. Called once a second.

        Connections that are open stay as they are. What can't be used is told, and the old pair goes on.
        """
        self._warn()
        stamps = self._look()
        if stamps == self._stamps:
            return False
        self._stamps = stamps
        try:
            expires = _expiry(self._certificate)
            _context(self._certificate, self._key)  # a trial: the one in use is touched only where the new pair is good
            self.context.load_cert_chain(self._certificate, self._key, password=_no_password)
            self.pair = self._read()
        except (InputError, OSError, ValueError) as error:
            if str(error) != self._told:
                say(f"The old certificate stays in use: {error}")
            self._told = str(error)
            return False
        self.expires, self._told = expires, ""
        say(f"The certificate was read anew; it is good until {expires:%Y-%m-%d}.")
        return True

    def _read(self) -> tuple[bytes, bytes]:
        return self._key.read_bytes(), self._certificate.read_bytes()

    def _warn(self) -> None:
        left = self.expires - dt.datetime.now(dt.UTC)
        if left < _SOON:
            verb = "expires" if left > dt.timedelta() else "expired"
            self._seldom.say("expiry", f"The certificate {verb} on {self.expires:%Y-%m-%d %H:%M} UTC: renew it.")

    def _look(self) -> tuple[object, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise InputError(f"{key} isn't the key of the certificate {certificate}.", "Give the pair.") from None
        raise InputError(
            f"{certificate} and {key} aren't a certificate and a key that can be used.", "Give two PEM files."
        ) from None
    except OSError as error:
        raise InputError(
            f"{key} can't be read: {error.strerror}.", "Give the file of the key, readable by this user."
        ) from None
    except _LockedKeyError:
        raise InputError(
            f"The key {key} is locked by a pass phrase.", "Give it without one, readable by this user alone."
        ) from None
    return context


class _LockedKeyError(ValueError):
    """A key that asks for a pass phrase."""


def _no_password() -> str:
    raise _LockedKeyError


def _expiry(certificate: Path) -> dt.datetime:
    try:
        return not_after(certificate.read_text(encoding="latin1"))
    except OSError as error:
        raise InputError(
            f"{certificate} can't be read: {error.strerror}.", "Give the file of the certificate."
        ) from None
    except ValueError:
        raise InputError(f"{certificate} isn't a certificate.", "Give a PEM file.") from None
