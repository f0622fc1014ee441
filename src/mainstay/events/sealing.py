"""What is personal leaves a line: sealed under its person's key (AES-256-GCM), or dropped; and it comes back.

One blob per prediction: 12 random bytes, then what they encrypted, as Base64. The prediction's id and model are
authenticated with it, so that no blob can be moved to another line.

Reference: NIST SP 800-38D (Galois/Counter Mode).
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from mainstay.contract.personal import Personal
    from mainstay.events.persons import Persons
    from mainstay.events.records import Prediction, Value

_NONCE = 12
_STEPPED_IN = "a policy stepped in; what was found is personal"


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a blob holds: the personal parts of a `Prediction`, under the same names."""

    features: dict[str, Any] = {}
    raw: dict[str, Any] | None = None
    inputs: dict[str, Any] | None = None
    encoded: tuple[float | None, ...] | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Sealed).decode


def prepare_sealing() -> None:
    """Load what seals, so that no answer waits for it."""
    _ciphers()


@cache
def _ciphers() -> type[AESGCM]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - slow; only where there is something to seal

    return AESGCM


@cache
def _invalid() -> type[Exception]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - slow; only where there is something to open

    return InvalidTag


def seal(events: Sequence[Prediction], personal: Personal, persons: Persons) -> list[Prediction]:
    """Give predictions as they may be written: what is personal is in a blob that its person's key alone opens.

    Where feature code derived what the model saw, all of that counts as personal, for nobody can say what it holds; and
    so do the encoded numbers. Both are left out where a record doesn't say whom it is about, or the contract drops a
    feature. The warnings of policies name the value they found, so those about personal features lose it.

    Parameters
    ----------
    events : sequence of Prediction
        As they were answered.
    personal : Personal
        Which features are.
    persons : Persons
        The keys.

    Raises
    ------
    StoreError
        Where a new key can't be stored; then nothing may be written, or nobody could ever open it.

    """
    people = {event.entity for event in events if event.entity is not None} if personal.sealed else set()
    keys = persons.keys(people) if people else {}
    return [_hidden(event, personal, keys.get(event.entity or "")) for event in events]


def _hidden(event: Prediction, personal: Personal, key: bytes | None) -> Prediction:
    blob = None if key is None else _blob(event, personal, key)
    warnings = tuple(_without_value(told, personal) for told in event.warnings)
    lost = sorted(personal.sealed.intersection(event.features)) if blob is None else []
    if lost:
        warnings = (*warnings, f"not logged, since the record doesn't say whom it is about: {', '.join(lost)}")
    return msgspec.structs.replace(
        event,
        features=_open_part(event.features, personal),
        raw=None if event.raw is None else _open_part(event.raw, personal) or None,
        inputs=None,
        encoded=None,
        sealed=blob,
        warnings=warnings,
    )


def _blob(event: Prediction, personal: Personal, key: bytes) -> str:
    whole = not personal.dropped  # what is derived from a feature that is never written isn't either
    secret = Sealed(
        features={name: value for name, value in event.features.items() if name in personal.sealed},
        raw=None
        if event.raw is None
        else {name: v for name, v in event.raw.items() if name in personal.sealed} or None,
        inputs=event.inputs if whole else None,
        encoded=event.encoded if whole else None,
    )
    nonce = os.urandom(_NONCE)
    return b64encode(nonce + _ciphers()(key).encrypt(nonce, _encode(secret), _bound(event.id, event.model))).decode()


def _open_part(values: Mapping[str, Value], personal: Personal) -> dict[str, Value]:
    names = personal.names
    return {name: value for name, value in values.items() if name not in names}


def _without_value(told: str, personal: Personal) -> str:
    name, separator, _ = told.partition(": ")
    return f"{name}: {_STEPPED_IN}" if separator and name in personal.names else told


def _bound(name: str, model: str) -> bytes:
    return f"{name}\n{model}".encode()


class Blob(msgspec.Struct, frozen=True):
    """A blob where it was found: of which prediction, and whose."""

    id: str
    model: str
    person: str
    sealed: str


def open_blobs(blobs: Iterable[Blob], persons: Persons) -> list[bytes | None]:
    """Open blobs: the JSON of a `Sealed` each, None where its key was destroyed or it was tampered with.

    Raises
    ------
    StoreError
        Where the keys can't be read.

    """
    some = list(blobs)
    if not some:
        return []
    ciphers = {person: _ciphers()(key) for person, key in persons.known({blob.person for blob in some}).items()}
    return [_opened(blob, ciphers.get(blob.person)) for blob in some]


def _opened(blob: Blob, cipher: AESGCM | None) -> bytes | None:
    if cipher is None:
        return None
    try:
        data = b64decode(blob.sealed, validate=True)
        return cipher.decrypt(data[:_NONCE], data[_NONCE:], _bound(blob.id, blob.model))
    except (ValueError, _invalid()):
        return None


def unseal(event: Prediction, persons: Persons) -> Prediction:
    """Give a prediction with its personal parts, where their key lives; as it is where it doesn't.

    Raises
    ------
    StoreError
        As `open_blobs` does.

    """
    if event.sealed is None or event.entity is None:
        return event
    (content,) = open_blobs([Blob(event.id, event.model, event.entity, event.sealed)], persons)
    if content is None:
        return event
    secret = _decode(content)
    raw = None if event.raw is None and secret.raw is None else {**(event.raw or {}), **(secret.raw or {})}
    return msgspec.structs.replace(
        event,
        features={**event.features, **secret.features},
        raw=raw,
        inputs=secret.inputs if event.inputs is None else event.inputs,
        encoded=secret.encoded if event.encoded is None else event.encoded,
        sealed=None,
    )
