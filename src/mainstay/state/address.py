"""The address of a PostgreSQL database: what the driver is told, and what sentences call it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import parse_qsl, quote

import msgspec

from mainstay.errors import SetupError
from mainstay.extras import need

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# A server that went away without a word is noticed in seconds, and not when the system gives up after a quarter of an
# hour; what the address says itself comes first.
_WATCHFUL = {
    "application_name": "mainstay",
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


class Address(msgspec.Struct, frozen=True):
    """Where a database is.

    Parameters
    ----------
    told : mapping
        What the driver is told, by its own names: host, port, user, password, sslmode ...
    schema : str
        The schema that holds the tables; empty for the user's own (``public``).
    name : str
        What sentences call it: ``host:port/database``.

    """

    told: Mapping[str, str]
    schema: str
    name: str

    def hide(self, said: str) -> str:
        """Take the password out of what a driver said."""
        password = self.told.get("password", "")
        for secret in {password, quote(password, safe="")} - {""}:
            said = said.replace(secret, "***")
        return said


def read_address(address: str) -> Address:
    """Read an address, by the driver's own rules.

    Raises
    ------
    SetupError
        Where it can't be read, or the extra isn't installed; never with what it says.

    Examples
    --------
    >>> read_address("postgresql://me:secret@db.example:5433/books?schema=churn&sslmode=require").name
    'db.example:5433/books?schema=churn'

    """
    psycopg = need("psycopg", "A registry in PostgreSQL", "postgres")
    place, _, query = ("postgresql://" + address.partition("://")[2]).partition("?")
    try:
        given = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=50)
        rest = "&".join(f"{quote(key)}={quote(value)}" for key, value in given if key != "schema")
        told = psycopg.conninfo.conninfo_to_dict(f"{place}?{rest}" if rest else place)
    except (ValueError, psycopg.Error):
        _unreadable()
    shown = {key: str(told.get(key, "")) for key in ("host", "port", "dbname")}
    if any("@" in part for part in shown.values()) or not re.fullmatch(r"[\d,]*", shown["port"]):
        _unreadable()  # a password that isn't encoded, cut in two
    schema = dict(given).get("schema", "")
    if schema and not _SCHEMA.fullmatch(schema):
        raise SetupError("The schema in MAINSTAY_STATE can't be used.", "Name it with a-z, 0-9 and _: ?schema=churn")
    return Address({**_WATCHFUL, **{key: str(value) for key, value in told.items()}}, schema, _called(shown, schema))


def _called(shown: Mapping[str, str], schema: str) -> str:
    place = f"{shown['host'] or 'localhost'}:{shown['port'] or '5432'}/{shown['dbname']}"
    return f"{place}?schema={schema}" if schema else place


def _unreadable() -> NoReturn:
    raise SetupError(
        "The address in MAINSTAY_STATE can't be read.",
        "Write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE, special characters encoded: @ as %40, / as %2F, "
        "? as %3F, # as %23, % as %25.",
    ) from None
