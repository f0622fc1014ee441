"""When a certificate expires, read without a library of its own: the one field the server needs of it."""

from __future__ import annotations

import datetime as dt
import ssl

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_VERSION, _UTC_TIME, _TIME = 0xA0, 0x17, 0x18  # tags of DER


def not_after(pem: str) -> dt.datetime:
    """Give the last moment at which the first certificate of a PEM file is good, UTC.

    Raises
    ------
    ValueError
        Where it isn't a certificate.

    Notes
    -----
    RFC 5280, section 4.1: ``Certificate { tbs { [0] version, serial, algorithm, issuer, validity { from, to }, ...``,
    in DER.

    """
    start, end = pem.find(_BEGIN), pem.find(_END)
    if start < 0 or end < start:
        raise ValueError("no certificate")
    der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(_END)])
    (certificate,) = _parts(der, 1)
    (tbs,) = _parts(certificate[1], 1)
    fields = _parts(tbs[1], 5)
    at = 1 if fields[0][0] == _VERSION else 0
    _, (kind, text) = _parts(fields[at + 3][1], 2)
    if kind not in (_UTC_TIME, _TIME):
        raise ValueError("no time")
    form = "%y%m%d%H%M%SZ" if kind == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return dt.datetime.strptime(text.decode("ascii"), form).replace(tzinfo=dt.UTC)


def _parts(data: bytes, count: int) -> list[tuple[int, bytes]]:
    """Give the first parts of a DER value: tag and content."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while len(found) < count:
        if at + 2 > len(data):
            raise ValueError("too short")
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            width = size & 0x7F
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + size > len(data):
            raise ValueError("too short")
        found.append((tag, data[at : at + size]))
        at += size
    return found
