"""Rows of a table as the events that they were. Needs no Polars before there is a table."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.events.records import Event, Found
from mainstay.events.table.fields import FEATURES, FIELDS, NAMES, NESTED, SCORES
from mainstay.events.table.gathering import gathered

if TYPE_CHECKING:
    import polars as pl

    from mainstay.events.log import Stream
    from mainstay.events.table.union import View

_DAY = dt.timedelta(days=1)
_NAMED: dict[str, tuple[str, ...]] = {"predictions": ("id", "answer", "request"), "feedback": ("event", "id")}
"""Columns by which an event is known; by ``id`` alone in other streams."""


def events_since(
    view: View, stream: Stream, since: dt.datetime | None, until: dt.datetime | None = None
) -> list[Event]:
    """Give the events of a table since a time, and before another, oldest first."""
    rows = view.rows()
    if rows is None:
        return []
    return [recalled(row, stream) for row in _dicts(_from(rows, since, until).sort("time"))]


def last_events(view: View, stream: Stream, n: int) -> list[Event]:
    """Give the last `n` events of a table, newest first; reads as many of its last days as it takes."""
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    rows = view.rows()
    found: list[Event] = []
    if rows is None or view.table is None:
        return []
    for day in sorted((each["date"] for each in view.table.partitions()), reverse=True):
        last = (
            rows.filter(pl.col("date") == dt.date.fromisoformat(day)).sort("time", descending=True).head(n - len(found))
        )
        found += [recalled(row, stream) for row in _dicts(last)]
        if len(found) >= n:
            break
    return found


def events_named(view: View, stream: Stream, name: str, made: dt.datetime | None) -> list[Event]:
    """Give what a table holds by a name.

    Parameters
    ----------
    view : View
        Of the stream.
    stream : str
        Which stream.
    name : str
        An id: of the event, of what it is about, or of its request.
    made : datetime, optional
        When the id was made: only days that fit are opened then, a day around it for answers, and the days after it
        for what is told of them.

    """
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    rows = view.rows()
    if rows is None:
        return []
    is_named = pl.any_horizontal(pl.col(column) == name for column in _NAMED.get(stream, ("id",)))
    if made is not None:
        rows = rows.filter(pl.col("date") >= (made - _DAY).date())
        if stream == "predictions":
            rows = rows.filter(pl.col("date") <= (made + _DAY).date())
    return [recalled(row, stream) for row in _dicts(rows.filter(is_named))]


def noteworthy_rows(view: View, address: str) -> list[Found]:
    """Give of one file of the table of findings what failed, and what is of its last windows and looks."""
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    options: dict[str, Any] | None = dict(view.options) if view.options else None
    rows = pl.scan_parquet(address, storage_options=options, credential_provider=None)
    failed = pl.col("finding").str.contains('"ok":false', literal=True)
    last = [pl.col(each) == pl.col(each).max().over("model") for each in ("until", "time")]
    at_windows = rows.filter(pl.col("until").is_not_null()).filter(pl.any_horizontal(failed, *last))
    found = (recalled(row, "findings") for row in _dicts(at_windows))
    return [each for each in found if isinstance(each, Found)]


def recalled(row: dict[str, Any], stream: Stream) -> Event:
    """Make the event again that became a row."""
    line: dict[str, Any] = {"event.dataset": f"mainstay.{stream}"}
    for field, each in FIELDS[stream].items():
        value = row.get(each.column)
        if value is not None:
            line[field] = msgspec.json.decode(value) if each.is_json else _in_utc(value)
    for field, column in NESTED.items() if stream == "predictions" else ():
        values = _nested(row.get(column) or {}, row.get(NAMES.get(field, "")), field)
        if values is not None:
            line[field] = values
    if row.get("amount") is not None:
        _as_numbers(line, row["amount"])
    for field, value in msgspec.json.decode(row.get("more") or "{}").items():
        line[field] = {**line.get(field, {}), **value} if field in NESTED and isinstance(value, dict) else value
    event: Event = msgspec.convert(line, Event)
    return event


def _nested(values: dict[str, Any], names: str | None, field: str) -> dict[str, Any] | None:
    if field == SCORES:
        return {name: value for name, value in values.items() if value is not None} or None
    if names is None:
        return {} if field == FEATURES else None
    return {name: _value(values, name) for name in msgspec.json.decode(names)}


def _in_utc(value: Any) -> Any:
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value


def _value(values: dict[str, Any], name: str) -> Any:
    found = values.get(name)
    if found is None:  # it may be in a second field, for another type
        others = (value for place, value in values.items() if value is not None and place.startswith(f"{name}:"))
        found = next(others, None)
    return _in_utc(found).isoformat().replace("+00:00", "Z") if isinstance(found, dt.datetime) else found


def _as_numbers(line: dict[str, Any], amount: float) -> None:
    for field in ("mainstay.prediction", "mainstay.label"):
        if field in line:
            line[field] = amount
    if "mainstay.decision" in line:
        try:
            line["mainstay.decision"] = float(line["mainstay.decision"])
        except ValueError:
            return


def _from(rows: pl.LazyFrame, since: dt.datetime | None, until: dt.datetime | None) -> pl.LazyFrame:
    import polars as pl  # noqa: PLC0415 - a serving worker imports this module and must never load polars

    if since is not None:
        rows = rows.filter(pl.col("date") >= since.date(), pl.col("time") >= since)
    return rows if until is None else rows.filter(pl.col("date") <= until.date(), pl.col("time") < until)


def _dicts(rows: pl.LazyFrame) -> list[dict[str, Any]]:
    return gathered(rows).to_dicts()
