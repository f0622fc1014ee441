"""Skew before a release: held-out rows read as requests must give the bits that training saw (rule 32, Monitor 3)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contract import Boolean, Datetime, compile_request
from mainstay.errors import DataError, RecordError
from mainstay.measures.finding import Finding, Limit
from mainstay.measures.intervals import wilson

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contract import AnyColumn, Row
    from mainstay.data.snapshot import Snapshot

    Floats = NDArray[np.float64]

SKEW = "skew"
SAMPLE = 200
_SHOWN = 5


def skew_finding(snapshot: Snapshot) -> Finding:
    """Send held-out rows through the request path, and compare what the model would see with the table path.

    Parameters
    ----------
    snapshot : Snapshot
        At most 200 of its held-out rows, at equal distances, are read one by one.

    Returns
    -------
    Finding
        The share of rows that differ in any bit, or that a request refuses, against 0.

    """
    places = _spread(len(snapshot.test))
    frame = snapshot.test.frame[places]
    rows, refused = _as_requests(snapshot, frame)
    if isinstance(rows, str):
        return _found(snapshot, np.ones(len(places), dtype=np.bool_), rows)
    wrong = np.zeros(len(places), dtype=np.bool_)
    wrong[list(refused)] = True
    read = np.flatnonzero(~wrong)
    table = snapshot.test.X[places][read]
    differs = np.ascontiguousarray(rows).view(np.int64) != np.ascontiguousarray(table).view(np.int64)
    wrong[read] = differs.any(axis=1)
    names = snapshot.inputs.encoded_names
    guilty = [names[at] for at in np.flatnonzero(differs.any(axis=0))[:_SHOWN]]
    told = [f"differs in {', '.join(guilty)}"] if guilty else []
    told += [f"{len(refused)} refused: {next(iter(refused.values()))}"] if refused else []
    return _found(snapshot, wrong, "; ".join(told))


def _as_requests(snapshot: Snapshot, frame: pl.DataFrame) -> tuple[Floats | str, dict[int, str]]:
    """Read each row as a request; gives what the model would see of those accepted, or why features can't be had."""
    decoder = compile_request(snapshot.contract)
    names = [column.name for column in snapshot.contract.features if column.name in frame.columns]
    columns = {column.name: column for column in snapshot.contract.features}
    rows: list[Row] = []
    refused: dict[int, str] = {}
    for place, record in enumerate(frame.select(names).iter_rows(named=True)):
        body = msgspec.json.encode({name: _as_sent(columns[name], value) for name, value in record.items()})
        try:
            rows += decoder.decode(body)
        except RecordError as error:
            refused[place] = error.message
    if snapshot.features is None:
        width = snapshot.test.X.shape[1]
        return np.stack([row.encoded for row in rows]) if rows else np.empty((0, width)), refused
    try:
        encoded: Floats = snapshot.features.runner.records([row.features for row in rows]).encoded
    except DataError as error:
        return f"feature code fails at a request: {error.message}", refused
    return encoded, refused


def _as_sent(column: AnyColumn, value: object) -> object:
    """Write a typed value as a client would: booleans and times in the contract's own spelling."""
    if isinstance(column, Boolean) and isinstance(value, bool):
        return column.true if value else column.false
    if isinstance(column, Datetime) and isinstance(value, dt.datetime):
        return value.strftime(column.format) if column.format else column.as_setting(value)
    return value


def _spread(n: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))


def _found(snapshot: Snapshot, wrong: NDArray[np.bool_], told: str) -> Finding:
    share, n = float(wrong.mean()), int(wrong.size)
    ok = not wrong.any()
    note = f"{n} held-out rows, sent as requests, give the model the bits that training saw."
    return Finding(
        measure=SKEW,
        where=snapshot.task.target,
        value=share,
        interval=wilson(share, n),
        limit=Limit("at_most", 0.0),
        ok=ok,
        n=n,
        group="data",
        note=note if ok else f"Of {n} held-out rows sent as requests, {int(wrong.sum())} don't: {told}.",
    )
