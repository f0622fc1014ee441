"""Rows become profiles: one for each slice of time. Pure.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contract.profile import watch
from mainstay.contract.table import encode_table
from mainstay.events.profiles.bins import count_bins, log_bins, share_bins
from mainstay.events.profiles.exact import WHOLE, Moments, moments_of
from mainstay.events.profiles.profile import (
    SCORES,
    Cell,
    Count,
    Key,
    Outcome,
    Profile,
    Spread,
    merge_cells,
    outcomes_of,
    profile_of,
)
from mainstay.events.profiles.segment import segment_values
from mainstay.events.read import FEATURE, INPUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mainstay.contract import Contract
    from mainstay.contract.profile import ColumnProfile
    from mainstay.events.profiles.lens import Lens, View
    from mainstay.events.profiles.material import Material

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_KEYS = ("version", "role", "drawn", "consumer")
_UNSEEN = -2  # a row whose features its version can't read, or that another version answered
_GAP = -1


@dataclass(frozen=True)
class _Rows:
    """The rows of a span as arrays of shape (n,)."""

    weights: Whole
    flags: Mapping[str, Flags]
    latency: Whole
    timed: Flags
    scored: Whole
    scores: Floats
    labels: Floats
    texts: Mapping[str, NDArray[np.object_]]
    quantities: Mapping[str, Floats]
    kpis: Mapping[str, Floats]
    spreads: Mapping[int, Whole]


def summarize(material: Material, lens: Lens) -> Profile:
    """Summarise rows as one profile."""
    return merge_slices(summarize_slices(material, lens, dt.timedelta(days=36_500)))


def merge_slices(slices: Mapping[int, Profile]) -> Profile:
    """Add up the profiles of slices."""
    found: dict[Key, list[Cell]] = {}
    for profile in slices.values():
        for row in profile.rows:
            found.setdefault(row.key, []).append(row.cell)
    return profile_of({key: merge_cells(cells) for key, cells in found.items()})


def summarize_slices(material: Material, lens: Lens, width: dt.timedelta) -> dict[int, Profile]:
    """Summarise rows by slices of a width; gives profiles by the number of their slice, counted from 1970.

    Slices in which nothing happened are left out.
    """
    found: dict[int, dict[Key, Cell]] = {}
    for place, key, cell in _cells(material, lens, width):
        mine = found.setdefault(place, {})
        mine[key] = merge_cells([mine[key], cell]) if key in mine else cell
    return {place: profile_of(cells) for place, cells in found.items()}


def _cells(material: Material, lens: Lens, width: dt.timedelta) -> Iterator[tuple[int, Key, Cell]]:
    frame = material.frame.with_columns((pl.col("share") < 1).alias("drawn"), _slice(width))
    rows = _rows(material, lens)
    for names, chosen in _groups(frame, ("slice", *_KEYS)):
        place, key = _key(names)
        yield place, key, _cell(rows, chosen, lens, key)
    for segment in lens.segments:
        for (*names, value), chosen in _groups(
            frame.with_columns(segment_values(frame, lens, segment)), ("slice", *_KEYS, "value")
        ):
            place, key = _key(names, segment, value)
            yield place, key, _cell(rows, chosen, lens, key)
    yield from _refused(material.refusals, width)


def _groups(frame: pl.DataFrame, names: tuple[str, ...]) -> Iterator[tuple[list[object], Whole]]:
    """Give the values of each group, and the places of its rows."""
    grouped = frame.select(names).with_row_index("at").group_by(names).agg(pl.col("at"))
    for *values, places in grouped.iter_rows():
        yield values, np.asarray(places, dtype=np.int64)


def _key(names: list[object], segment: str = "", value: object = "") -> tuple[int, Key]:
    place, version, role, drawn, consumer = names
    assert isinstance(place, int)  # noqa: S101 - it was computed as one
    key = Key(int(str(version or 0)), str(role or ""), bool(drawn), str(consumer or ""), segment, str(value))
    return place, key


def _slice(width: dt.timedelta) -> pl.Expr:
    return (pl.col("time").dt.epoch("us") // (width // dt.timedelta(microseconds=1))).alias("slice")


def _rows(material: Material, lens: Lens) -> _Rows:
    frame = material.frame
    weights = np.rint(WHOLE / frame["sampled"].to_numpy()).astype(np.int64)
    latency, scores = _floats(frame["latency_us"]), _floats(frame["score"])
    amounts = lens.task.kind == "regression"
    followed = frame["followed"]
    return _Rows(
        weights=weights,
        flags={
            "degraded": frame["degraded"].to_numpy(),
            "fallback": frame["fallback"].to_numpy(),
            "control": frame["control"].to_numpy(),
            "labelled": frame["label"].is_not_null().to_numpy(),
            "followed": (followed.fill_null(value=False)).to_numpy(),
            "unfollowed": (~followed.fill_null(value=True)).to_numpy(),
        },
        latency=log_bins(np.nan_to_num(latency)),
        timed=np.isfinite(latency),
        scored=log_bins(np.nan_to_num(scores)) if amounts else share_bins(np.nan_to_num(scores)),
        scores=scores,
        labels=_floats(frame["label"]),
        texts={"decision": frame["decision"].cast(pl.String).fill_null("").to_numpy()},
        quantities=lens.quantities(frame) if frame.height else {},
        kpis=_kpis(material),
        spreads={
            number: _places(frame, number, view)
            for number in frame["version"].unique().drop_nulls().to_list()
            if (view := lens.view(number)) is not None
        },
    )


def _kpis(material: Material) -> dict[str, Floats]:
    """Give each KPI as an array over the rows, NaN where it isn't known."""
    found: dict[str, Floats] = {}
    ids = material.frame.select("id", pl.col("answer").is_null().alias("own")).with_row_index("at").filter("own")
    joined = material.kpis.join(ids, on="id", how="inner")
    for name, at, value in joined.select("name", "at", "value").iter_rows():
        found.setdefault(name, np.full(material.frame.height, np.nan))[at] = value
    return found


def _places(frame: pl.DataFrame, number: int, view: View) -> Whole:
    """Give the bin of each watched feature of a version's own rows; shape (n, columns of its reference)."""
    mine = (frame["version"] == number).fill_null(value=False)
    if view.inputs is not None:
        mine &= ~frame["fallback"]
    places = np.full((frame.height, len(view.reference.columns)), _UNSEEN, dtype=np.int64)
    if mine.any():
        prefix, seen = (FEATURE, view.contract) if view.inputs is None else (INPUT, view.inputs)
        encoded = encode_table(seen, _columns(frame.filter(mine), prefix, seen))
        watched = watch(view.reference, encoded)
        binned = [_bin(column, watched[:, at]) for at, column in enumerate(view.reference.columns)]
        places[mine.to_numpy()] = np.column_stack(binned) if binned else np.empty((int(mine.sum()), 0), dtype=np.int64)
    return places


def _bin(column: ColumnProfile, values: Floats) -> Whole:
    known = np.nan_to_num(values)
    if column.kind == "numeric":
        places = np.searchsorted(np.asarray(column.edges, dtype=np.float64), known, side="left").astype(np.int64)
    else:
        places = np.clip(known, 0, len(column.labels) - 1).astype(np.int64)
    return np.where(np.isnan(values), _GAP, places)


def _columns(frame: pl.DataFrame, prefix: str, contract: Contract) -> pl.DataFrame:
    named = (
        pl.col(prefix + column.name).alias(column.name)
        if prefix + column.name in frame.columns
        else pl.lit(None, dtype=column.stored()).alias(column.name)
        for column in contract.features
    )
    return frame.select(named)


def _cell(rows: _Rows, at: Whole, lens: Lens, key: Key) -> Cell:
    weights = rows.weights[at]
    counts = {name: _count(weights, flags[at]) for name, flags in rows.flags.items()}
    timed, amounts, whole = rows.timed[at], lens.task.kind == "regression", not key.segment
    return Cell(
        answers=Count(int(at.size), int(weights.sum())),
        degraded=counts["degraded"],
        fallback=counts["fallback"],
        control=counts["control"],
        labelled=counts["labelled"],
        followed=counts["followed"],
        unfollowed=counts["unfollowed"],
        latency=count_bins(rows.latency[at][timed], weights[timed]),
        scores=count_bins(rows.scored[at], weights),
        score=moments_of(rows.scores[at], weights),
        outcomes=() if amounts else _outcomes(rows, at, lens),
        label=moments_of(rows.labels[at], weights) if amounts else Moments(),
        kpis=_moments(rows.kpis, at, weights),
        sums=_moments(rows.quantities, at, weights) if whole else {},
        spreads=_spreads(rows, at, key, lens) if whole else {},
    )


def _moments(values: Mapping[str, Floats], at: Whole, weights: Whole) -> dict[str, Moments]:
    found = {name: moments_of(column[at], weights) for name, column in values.items()}
    return {name: moments for name, moments in found.items() if moments.n}


def _count(weights: Whole, flags: Flags) -> Count:
    return Count(int(flags.sum()), int(weights[flags].sum()))


def _outcomes(rows: _Rows, at: Whole, lens: Lens) -> tuple[Outcome, ...]:
    labels = rows.labels[at]
    known = np.isfinite(labels)
    names = lens.task.labels or (lens.task.negative, lens.task.positive)
    decisions, weights = rows.texts["decision"][at][known], rows.weights[at][known]
    found: dict[tuple[str, str], Count] = {}
    for code in np.unique(labels[known]).tolist():
        of_label = labels[known] == code
        for decision in set(decisions[of_label].tolist()):
            chosen = of_label & (decisions == decision)
            found[names[int(code)], decision] = _count(weights, chosen)
    return outcomes_of(found)


def _spreads(rows: _Rows, at: Whole, key: Key, lens: Lens) -> dict[str, Spread]:
    view = lens.view(key.version)
    if view is None:
        return {}
    found = {}
    places = rows.spreads[key.version][at]
    places = places[(places != _UNSEEN).all(axis=1)]
    for place, column in enumerate(view.reference.columns if places.size else ()):
        counts = np.bincount(places[:, place] + 1, minlength=len(column.counts) + 1)
        found[column.name] = Spread(tuple(counts[1:].tolist()), int(counts[0]))
    if view.scores is not None:
        binned = _bin(view.scores, rows.scores[at])
        counts = np.bincount(binned + 1, minlength=len(view.scores.counts) + 1)
        found[SCORES] = Spread(tuple(counts[1:].tolist()), int(counts[0]))
    return found


def _refused(refusals: pl.DataFrame, width: dt.timedelta) -> Iterator[tuple[int, Key, Cell]]:
    frame = refusals.with_columns(pl.lit(value=False).alias("drawn"), _slice(width))
    for names, chosen in _groups(frame, ("slice", *_KEYS)):
        place, key = _key(names)
        yield place, key, Cell(refused=int(chosen.size))


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
