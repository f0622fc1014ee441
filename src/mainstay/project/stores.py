"""What the environment says about an object store: its credentials and its endpoint, by the scheme of an address.

One place for tables that are read as data, and for those that the event log is kept in. Credentials come from the
environment alone, never from a file of the project.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss", "adl")
_FAMILY = {"s": "AWS_", "g": "GOOGLE_", "a": "AZURE_"}
_CREDENTIALS = {
    "AWS_": (
        "AWS_ACCESS_KEY_ID",
        "AWS_SKIP_SIGNATURE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_IMDSV1_FALLBACK",
    ),
    "GOOGLE_": (
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_SKIP_SIGNATURE",
    ),
    "AZURE_": (
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_ID",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_MSI_ENDPOINT",
        "AZURE_SKIP_SIGNATURE",
    ),
}
_FIRST = {
    "AWS_": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "GOOGLE_": "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}


def is_object_store(address: str) -> bool:
    """Say whether an address is in an object store.

    Examples
    --------
    >>> is_object_store("s3://bucket/log"), is_object_store("data/log")
    (True, False)

    """
    return "://" in address and urlsplit(address).scheme in SCHEMES


def store_options(address: str) -> dict[str, str] | None:
    """Take what the environment says about the store of an address; None where it holds no credentials for it."""
    prefix = _prefix(address)
    found = {name.lower(): value for name, value in os.environ.items() if name.startswith(prefix) and value}
    if not any(os.environ.get(name) for name in _CREDENTIALS[prefix]):
        return None
    if found.get("aws_endpoint_url", "").startswith("http://"):
        found.setdefault("aws_allow_http", "true")
    return found


def credentials_cure(address: str) -> str:
    """Say how the environment is given credentials for the store of an address.

    Examples
    --------
    >>> credentials_cure("gs://bucket/log")
    'Set GOOGLE_APPLICATION_CREDENTIALS, or GOOGLE_SKIP_SIGNATURE=true for public data.'

    """
    prefix = _prefix(address)
    return f"Set {_FIRST[prefix]}, or {prefix}SKIP_SIGNATURE=true for public data."


def _prefix(address: str) -> str:
    return _FAMILY[urlsplit(address).scheme[0]]
