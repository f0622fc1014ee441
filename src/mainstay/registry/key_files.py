"""Keys as files: what other tools write and read (a line of OpenSSH, PEM), and the text of ``[serving] keys``."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.errors import InputError, NotFoundError, SetupError
from mainstay.registry.plain_file import read_plain
from mainstay.state import replace_file, sync_folder
from mainstay.state.files import PRIVATE_FILE, unreadable, unwritable

if TYPE_CHECKING:
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "ed25519:"
_BYTES = 32
_MOST = 16 * 1024  # bytes of a key's file
_OTHERS = stat.S_IROTH | stat.S_IWOTH
_MAKE = "Make one: mainstay admin keys new, or ssh-keygen -t ed25519."


def read_public(text: str) -> tuple[bytes, str]:
    """Read a public key, and what is said of it: from the text itself, or from a file of that name.

    Parameters
    ----------
    text : str
        ``"ed25519:<base64>"``, a line of OpenSSH, a public key as PEM, or the path of a file with one of them.

    Returns
    -------
    tuple of bytes and str
        The raw key, 32 bytes, and the words after it.

    Raises
    ------
    InputError
        Where it is no public key of Ed25519.
    NotFoundError
        Where it is a path, and there is no such file.

    """
    if text.startswith((PREFIX, "ssh-", "-----BEGIN")):
        return parse_public(text, "This")
    return parse_public(read_key_file(Path(text)), text)


def parse_public(text: str, called: str) -> tuple[bytes, str]:
    """Read a public key from its text, called so in errors; as `read_public`."""
    head, _, said = text.strip().partition(" ")
    try:
        if head.startswith(PREFIX):
            raw = base64.b64decode(head.removeprefix(PREFIX), validate=True)
        else:
            raw = _foreign(text.strip().encode())
            said = said.strip().partition(" ")[2] if head.startswith("ssh-") else ""
    except ValueError:
        raw = b""
    if len(raw) != _BYTES:
        raise InputError(
            f"{called[:80]} is no public key of Ed25519.",
            f'Give "{PREFIX}<base64>" as mainstay admin keys list shows it, or a .pub file.',
        )
    return raw, said.strip()


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key: PEM (PKCS 8) or OpenSSH's own form, without a passphrase.

    Raises
    ------
    SetupError
        Where it can't be read, is no such key, or everybody may read it.

    """
    try:
        mode = path.stat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise SetupError(f"The private key {path} can't be read: {error.strerror}.", _MAKE) from None
    load = _serialization()
    try:
        ssh = b"OPENSSH" in content[:64]
        key = (load.load_ssh_private_key if ssh else load.load_pem_private_key)(content[:_MOST], password=None)
    except TypeError:
        raise SetupError(f"The private key {path} has a passphrase.", "Keep it without: ssh-keygen -p.") from None
    except Exception:  # noqa: BLE001 - a foreign file may fail in any way
        raise SetupError(f"{path} holds no private key that can be read.", _MAKE) from None
    if not isinstance(key, _ed25519().Ed25519PrivateKey):
        raise SetupError(f"The private key {path} isn't one of Ed25519.", _MAKE)
    if mode & _OTHERS:  # last: closing a file that is no key, /etc/passwd by mistake, would be no cure
        raise SetupError(f"Everybody on this machine may use the private key {path}.", f"chmod 600 {path}")
    found: Ed25519PrivateKey = key
    return found


def make_private() -> tuple[bytes, bytes]:
    """Make a key; gives its raw public half and the private one as PEM (PKCS 8)."""
    load = _serialization()
    private = _ed25519().Ed25519PrivateKey.generate()
    text = private.private_bytes(load.Encoding.PEM, load.PrivateFormat.PKCS8, load.NoEncryption())
    return private.public_key().public_bytes_raw(), text


def openssh_line(public: bytes, said: str) -> bytes:
    """Write a raw public key as OpenSSH does, with a few words after it."""
    load = _serialization()
    key = _ed25519().Ed25519PublicKey.from_public_bytes(public)
    line: bytes = key.public_bytes(load.Encoding.OpenSSH, load.PublicFormat.OpenSSH)
    return line + f" {said}\n".encode()


def read_key_file(path: Path) -> str:
    """Read a file of public keys.

    Raises
    ------
    NotFoundError, InputError, StoreError
        Where there is none, it is no text, or it can't be read.

    """
    try:
        return read_plain(path, _MOST).decode()
    except FileNotFoundError:
        raise NotFoundError(f"There is no {path}.", "Name the file of a public key.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text.", "Name the file of a public key.") from None
    except OSError as error:
        raise unreadable(path, error) from None


def write_private(path: Path, content: bytes) -> None:
    """Write a file that isn't there yet, for this user alone from its first byte on; raises `StoreError`."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None


def write_public(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, since servers read it at any moment; raises `StoreError`."""
    try:
        replace_file(path, content, 0o644)
    except OSError as error:
        raise unwritable(path, error) from None


def _foreign(text: bytes) -> bytes:
    """Read what OpenSSH or a PEM file says; raises `ValueError` where it is no key of Ed25519."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow; only where there is a key

    load = _serialization()
    try:
        key = load.load_ssh_public_key(text) if text.startswith(b"ssh-") else load.load_pem_public_key(text)
    except UnsupportedAlgorithm:
        raise ValueError(text) from None
    if not isinstance(key, _ed25519().Ed25519PublicKey):
        raise ValueError(text)  # noqa: TRY004 - a key, and of another kind
    raw: bytes = key.public_bytes_raw()
    return raw


def _serialization() -> ModuleType:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - slow; only where there is a key

    return serialization


def _ed25519() -> ModuleType:
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - slow; only where there is a key

    return ed25519
