"""Certificates for tests: made on the spot, trusted by nobody else."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def write_pair(
    folder: Path, days: float = 90, name: str = "tls", phrase: bytes = b""
) -> tuple[Path, Path, dt.datetime]:
    """Write a certificate and its key; gives both files, and when the certificate expires."""
    key = ec.generate_private_key(ec.SECP256R1())
    until = NOW + dt.timedelta(days=days)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(NOW, until) - dt.timedelta(days=1))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    locked = serialization.BestAvailableEncryption(phrase) if phrase else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    return certificate, private, until
