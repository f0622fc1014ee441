"""What must never be in a bundle: files and texts that look like secrets."""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"(^|/)(\.env[^/]*|[^/]*\.env|\.netrc|\.pypirc|\.npmrc|\.pgpass|id_[a-z0-9]+|[^/]*(credential|secret|password)[^/]*"
    r"|[^/]*\.(pem|key|p12|pfx|jks|kdbx))$",
    re.IGNORECASE,
)
_KINDS = (
    ("a private key", re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("an access key", re.compile(rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}")),
    ("an address with a password", re.compile(rb"[a-z][a-z0-9+.-]*://[^\s/:@'\"$]+:[^\s/@'\"$]+@", re.IGNORECASE)),
    (
        "a password",
        re.compile(
            rb"\b\w*(password|passwd|secret|token|api_?key)\b['\"]?\s*[:=]\s*['\"][^'\"$\s]{6,}['\"]", re.IGNORECASE
        ),
    ),
)


def is_secret_file(path: str) -> bool:
    """Whether a file's name says that it holds secrets.

    Examples
    --------
    >>> [is_secret_file(name) for name in ("a/.env.local", "key.pem", "features.py")]
    [True, True, False]

    """
    return _NAMES.search(path) is not None


def shows_secret(content: bytes) -> str:
    """Say what secret a text seems to hold; empty where none. A reference to a variable, ``${NAME}``, is none.

    Examples
    --------
    >>> shows_secret(b"source = 'postgresql://me:hunter2@db/rows'")
    'an address with a password'
    >>> shows_secret(b'source = "postgresql://me:${PASSWORD}@db/rows"')
    ''

    """
    return next((what for what, pattern in _KINDS if pattern.search(content)), "")
