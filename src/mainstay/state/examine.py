"""What can be asked of PostgreSQL about its own health without an extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Keys and references are checked against the rows themselves: an index that is damaged must not answer for them.
_PLAINLY = "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off"
_CHECKSUMS = sa.text("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()")
_CONSTRAINTS = sa.text(
    "SELECT c.contype, t.relname AS ours, f.relname AS theirs,"
    " (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY k.place)"
    "  FROM unnest(c.conkey) WITH ORDINALITY k(number, place)"
    "  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS mine,"
    " (SELECT string_agg(quote_ident(a.attname), ',' ORDER BY k.place)"
    "  FROM unnest(c.confkey) WITH ORDINALITY k(number, place)"
    "  JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) AS its"
    " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace"
    " LEFT JOIN pg_class f ON f.oid = c.confrelid"
    " WHERE n.nspname = current_schema() AND c.contype IN ('p', 'f') ORDER BY 1, 2"
)


def examine(connection: sa.Connection, tables: Iterable[str]) -> tuple[str, ...]:
    """Look at every row, key and reference in an open transaction; gives what is wrong, empty where all is well."""
    connection.exec_driver_sql(_PLAINLY)
    found = list(_failures(connection))
    for name in sorted(tables):  # reading each row as text reads every byte of it, also what is stored beside the table
        connection.execute(sa.text(f'SELECT sum(length(t::text)) FROM "{name}" t')).scalar()  # noqa: S608 - ours
    for row in connection.execute(_CONSTRAINTS).all():
        found += _twice(connection, row) if row.contype == "p" else _lost(connection, row)
    return tuple(found)


def _failures(connection: sa.Connection) -> Iterator[str]:
    failures = connection.execute(_CHECKSUMS).scalar()
    if failures:
        yield f"The server has counted {failures} pages of this database whose checksum is wrong."


def _twice(connection: sa.Connection, row: sa.Row[tuple[str, ...]]) -> Iterator[str]:
    asked = f'SELECT 1 FROM "{row.ours}" GROUP BY {row.mine} HAVING count(*) > 1 LIMIT 1'  # noqa: S608 - from the catalogue
    if connection.execute(sa.text(asked)).first():
        yield f"{row.ours} holds the same key twice."


def _lost(connection: sa.Connection, row: sa.Row[tuple[str, ...]]) -> Iterator[str]:
    asked = f'SELECT count(*) FROM "{row.ours}" WHERE ({row.mine}) NOT IN (SELECT {row.its} FROM "{row.theirs}")'  # noqa: S608
    lost = connection.execute(sa.text(asked)).scalar()
    if lost:
        yield f"{lost} rows of {row.ours} belong to ones of {row.theirs} that aren't there."
