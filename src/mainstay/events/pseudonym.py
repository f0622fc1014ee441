"""Pseudonyms: who a record is about is hashed with a secret key before the first write."""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from pathlib import Path

from mainstay.errors import StoreError
from mainstay.events.persons import shared_place

FILE = "entity.key"
VARIABLE = "MAINSTAY_ENTITY_KEY"
"""Names the file of the key where several machines share it."""
_KEY_BYTES = 32
_SHOWN_BYTES = 16
_BLOCK_BYTES = 64  # of SHA-256


class Pseudonyms:
    """Turns entity keys into pseudonyms: HMAC-SHA256, cut to 16 bytes, as 32 hex digits.

    The same key gives the same pseudonym, so records of one entity can be joined; without the secret nobody can go
    back or try out candidates.

    Parameters
    ----------
    secret : bytes
        The project's key.

    Examples
    --------
    >>> Pseudonyms(b"k" * 32)("7590-VHVEG")
    'f0c905ff6aeb7d527da87c55da2dcd05'

    """

    def __init__(self, secret: bytes) -> None:
        # RFC 2104, begun once: `hmac.digest` takes up the key anew each time, which takes twice as long.
        block = (secret if len(secret) <= _BLOCK_BYTES else sha256(secret).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, entity: str) -> str:
        """Give the pseudonym of one entity."""
        inner, outer = self._inner.copy(), self._outer.copy()
        # A lone surrogate can come through JSON escapes; it has no UTF-8 form of its own.
        inner.update(entity.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.hexdigest()[: 2 * _SHOWN_BYTES]


def open_pseudonyms(books: Path) -> Pseudonyms:
    """Read the project's key from its books, making one (readable by its owner alone) where there is none.

    Several machines that answer for one model need the same key, or what they log about one entity never joins: where
    ``MAINSTAY_ENTITY_KEY`` names a file, the key is read from there and never made.

    Raises
    ------
    StoreError
        Where it can be neither read nor made. Another key would silently split every history, so none is invented.

    """
    mounted = os.environ.get(VARIABLE)
    path = Path(mounted) if mounted else books / FILE
    try:
        if not mounted and not path.exists():
            _make(path)
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise StoreError(
            f"The key of the pseudonyms can't be read: {error.strerror} ({path}).",
            f"{VARIABLE} names it: mount the file there, or unset it." if mounted else "Mend its permissions.",
        ) from None
    except ValueError:
        secret = b""
    if len(secret) != _KEY_BYTES:
        raise StoreError(
            f"The key of the pseudonyms is damaged ({path}).",
            "Restore it from a backup; with another key, past and future events of one person no longer join.",
        )
    return Pseudonyms(secret)


def lonely_key() -> tuple[str, str]:
    """Say what is wrong, and its cure, where machines share a database and no key; both empty where all is well."""
    if not shared_place() or os.environ.get(VARIABLE):
        return "", ""
    message = (
        f"Machines may share the database of MAINSTAY_STATE, and no {VARIABLE} is set: this one hashes whom records "
    )
    message += "are about by a key of its own, so one person is somebody else on every other."
    return message, f"Where several machines answer, name one file on all by {VARIABLE}: a copy of .mainstay/{FILE}."


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    half = path.with_name(f"{FILE}.{secrets.token_hex(4)}")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_hex(_KEY_BYTES).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(half, path)  # fails where another process was faster: then its key is the key
    except FileExistsError:
        pass
    finally:
        half.unlink()
