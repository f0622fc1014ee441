"""Who made a bundle: an Ed25519 signature (RFC 8032) over its manifest, which names the sha256 of everything else.

The signature is a file of its own beside the manifest, the one file the manifest doesn't list: what is signed can't
hold its signature. Which keys count is said by this machine's own configuration (`mainstay.registry.keys`), never by
the bundle. ``cryptography`` is imported only where there is a key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec

from mainstay.errors import CorruptError, SignatureError
from mainstay.registry.plain_file import read_plain

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE = "signature.json"
_DOMAIN = b"mainstay bundle manifest 1\n"  # a signature made for anything else is none over a manifest
_MOST = 4096  # bytes
_CURE = "Where you know that it is yours: mainstay admin keys sign VERSION, or trust the key of whoever made it."


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies in ``signature.json``.

    Parameters
    ----------
    key : str
        Id of the key: which of the trusted ones to try. It proves nothing.
    signature : bytes
        64 bytes over the manifest's, in base64.
    algorithm : {"ed25519"}
        How.

    """

    key: str
    signature: bytes
    algorithm: Literal["ed25519"] = "ed25519"


@dataclass(frozen=True)
class TrustedKeys:
    """Whose bundles are loaded here.

    Parameters
    ----------
    keys : mapping of str to bytes
        Id to raw public key, 32 bytes.
    demanded : bool
        Whether a bundle must be signed. It stays so where every key was revoked: then nothing is loaded.

    """

    keys: Mapping[str, bytes] = field(default_factory=dict)
    demanded: bool = False


Keys: TypeAlias = Callable[[], TrustedKeys]
"""Gives what is trusted at this moment."""


@dataclass(frozen=True)
class Signer:
    """A private key that signs what is registered here."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, manifest: bytes) -> bytes:
        """Give the content of ``signature.json`` for a manifest."""
        made = Signature(self.id, self.private.sign(_DOMAIN + manifest))
        return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


class Keyring(Protocol):
    """The keys of this machine, read anew each time they are asked for."""

    def trusted(self) -> TrustedKeys:
        """Give the keys whose bundles are loaded here."""

    def signer(self) -> Signer | None:
        """Give the key that signs here; None where there is none."""


class NoKeys:
    """Without keys: nothing is signed, and no signature is asked for."""

    def trusted(self) -> TrustedKeys:
        """Trust nobody, and demand nothing."""
        return TrustedKeys()

    def signer(self) -> None:
        """Sign nothing."""


def anybody() -> TrustedKeys:
    """Demand no signature."""
    return TrustedKeys()


def key_id(public: bytes) -> str:
    """Give the id of a public key: the first 16 digits of its SHA-256.

    Parameters
    ----------
    public : bytes
        The raw key, 32 bytes.

    Examples
    --------
    >>> key_id(bytes(32))
    '66687aadf862bd77'

    """
    return hashlib.sha256(public).hexdigest()[:16]


def signature_fault(folder: Path, manifest: bytes, keys: TrustedKeys) -> str:
    """Say what is wrong with a bundle's signature.

    Parameters
    ----------
    folder : Path
        The bundle.
    manifest : bytes
        Its manifest, the very bytes that are going to be used.
    keys : TrustedKeys
        Whose signatures count here.

    Returns
    -------
    str
        What is said after the bundle's name: ``"isn't signed"``; empty where a trusted key signed it, and where none is
        demanded here.

    """
    if not keys.demanded:
        return ""
    try:
        found = read_signature(folder)
    except CorruptError as error:
        return error.message
    if found is None:
        return "isn't signed"
    public = keys.keys.get(found.key)
    if public is None:
        return f"is signed by the key {found.key[:40]!r}, which isn't trusted here"
    if not _verifies(public, found.signature, manifest):
        return f"has a signature that the key {found.key} didn't make for it"
    return ""


def demand_signature(folder: Path, manifest: bytes, keys: TrustedKeys, name: str, cure: str = _CURE) -> None:
    """Refuse a bundle that no trusted key signed.

    Raises
    ------
    SignatureError
        Saying what is wrong with its signature, and how one that is meant to be here gets one.

    """
    if fault := signature_fault(folder, manifest, keys):
        raise SignatureError(f"{name} {fault}; it is not loaded.", cure)


def read_signature(folder: Path) -> Signature | None:
    """Read what lies beside a manifest, without asking who made it; None where there is nothing.

    Raises
    ------
    CorruptError
        Where it is no signature; its message goes on after the bundle's name.

    """
    try:
        return msgspec.json.decode(read_plain(folder / SIGNATURE, _MOST), type=Signature)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise CorruptError(f"has a {SIGNATURE} that is none") from None


def signer_of(folder: Path) -> str:
    """Give the id of the key that a bundle says signed it; empty where it says none. It proves nothing."""
    found = read_signature(folder)
    return "" if found is None else found.key


def _verifies(public: bytes, signature: bytes, manifest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - slow; only where there is a key
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - slow; only where there is a key

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, _DOMAIN + manifest)
    except (InvalidSignature, ValueError):
        return False
    return True
