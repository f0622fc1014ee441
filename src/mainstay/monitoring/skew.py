"""Skew: whether what the model saw in production is what the same code makes of the same record now, to the bit.

Imports Polars, as windows do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract import compile_request
from mainstay.contract.table import encode_table
from mainstay.errors import DataError, RecordError
from mainstay.events.read import FEATURE, INPUT
from mainstay.measures.finding import Finding, Limit
from mainstay.measures.intervals import wilson
from mainstay.models.features import FILE
from mainstay.models.features.learn import differ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.registry import Bundle

    Flags = NDArray[np.bool_]

SKEW = "skew"
SAMPLE = 1000
SAMPLE_SLOWLY = 100
_SHOWN = 5


def skew_finding(frame: pl.DataFrame, bundle: Bundle) -> Finding:
    """Compute again what a sample of logged records gave the model, and compare it with what was logged.

    With feature code the code of the version is run on the logged features and compared with the logged inputs.
    Without any, the logged features are read as a request would be, and compared with how a table reads them.

    Parameters
    ----------
    frame : DataFrame
        Of a `Window`.
    bundle : Bundle
        The version whose answers are looked at.

    Returns
    -------
    Finding
        The share of the sample that differs, against 0; without a value where nothing could be computed again.

    """
    mine = frame.filter((pl.col("version") == bundle.version.number) & ~pl.col("fallback"))
    features = bundle.features
    if features is None:
        return _reread(_sample(mine, SAMPLE_SLOWLY), bundle.contract)
    if features.running is None:
        return _unknown(f"{FILE} of this version isn't trusted here, so its features can't be computed again.")
    sample = _sample(mine, SAMPLE)
    try:
        again = features.running.table(_columns(sample, FEATURE, bundle.contract))
    except DataError as error:
        return _found({}, np.ones(sample.height, dtype=np.bool_), f"They can't be computed again: {error.message}")
    logged = _columns(sample, INPUT, features.inputs)
    wrong = {name: differ(logged[name], again[name]).to_numpy() for name in logged.columns}
    return _found(wrong, _any(wrong, sample.height), "Features computed again from the log.")


def _reread(sample: pl.DataFrame, contract: Contract) -> Finding:
    """Read logged features as a request: where a policy left a gap that a request may not have, there is no saying."""
    served = _columns(sample, FEATURE, contract)
    reader = compile_request(contract)
    rows, places = [], []
    for place, record in enumerate(served.iter_rows(named=True)):
        try:
            row = reader.read_record(record)
        except RecordError:
            continue
        if not row.fallback:
            rows.append(row.encoded)
            places.append(place)
    if not rows:
        return _unknown("No record of this window can be computed again from the log.")
    table = encode_table(contract, served[places])
    differs = np.stack(rows).view(np.int64) != table.view(np.int64)
    wrong = {name: differs[:, at] for at, name in enumerate(contract.encoded_names)}
    return _found(wrong, differs.any(axis=1), "Features encoded again from the log.")


def _columns(frame: pl.DataFrame, prefix: str, contract: Contract) -> pl.DataFrame:
    return pl.DataFrame([frame.get_column(prefix + column.name).alias(column.name) for column in contract.features])


def _sample(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """Take rows at equal distances: of every part of the window, and the same ones in each look."""
    if frame.height <= most:
        return frame
    return frame[np.linspace(0, frame.height - 1, most).astype(np.int64)]


def _any(wrong: dict[str, Flags], rows: int) -> Flags:
    found = np.zeros(rows, dtype=np.bool_)
    for flags in wrong.values():
        found |= flags
    return found


def _found(wrong: dict[str, Flags], differs: Flags, what: str) -> Finding:
    n = int(differs.size)
    if not n:
        return _unknown("No record of this window can be computed again from the log.")
    share = float(differs.mean())
    guilty = sorted(((int(flags.sum()), name) for name, flags in wrong.items() if flags.any()), reverse=True)
    named = ", ".join(f"{name} ({hits})" for hits, name in guilty[:_SHOWN])
    more = f" and {len(guilty) - _SHOWN} more" if len(guilty) > _SHOWN else ""
    note = f"{what} Not what the model saw: {named}{more}." if named else what
    return Finding(
        measure=SKEW,
        where="all",
        value=share,
        interval=wilson(share, n),
        limit=Limit("at_most", 0.0),
        ok=not differs.any(),
        n=n,
        group=SKEW,
        note=note,
    )


def _unknown(note: str) -> Finding:
    return Finding(measure=SKEW, where="all", value=None, limit=Limit("at_most", 0.0), group=SKEW, note=note)
