"""What slices were computed from, read off their rows: which feedback, and which neighbours, concern them. Pure.

Imports Polars; a serving worker never imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from mainstay.events.profiles.clock import HOUR, buckets, made_at, start_of
from mainstay.events.profiles.store import Head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.events.profiles.material import Material

_MICROSECONDS = int(HOUR.total_seconds() * 1_000_000)
_SLICE = (pl.col("time").dt.epoch("us") // _MICROSECONDS).alias("slice")


def heads_of(material: Material, places: Sequence[int]) -> dict[int, Head]:
    """Give the head of each slice, without its mark."""
    asked = material.frame["asked"]
    frame = material.frame.select("time", "role").with_columns(made_at(asked).alias("made"), buckets(asked), _SLICE)
    began = pl.col("slice") * (_MICROSECONDS // 1000)
    grouped = frame.group_by("slice").agg(
        pl.col("time").min().alias("first"),
        pl.col("time").max().alias("last"),
        pl.col("place").min().alias("low"),
        pl.col("place").max().alias("high"),
        pl.col("made").is_null().any().alias("odd"),
        (pl.col("made") < began).any().alias("early"),
        (pl.col("role") != "shadow").sum().alias("answers"),
    )
    rows = {row["slice"]: row for row in grouped.iter_rows(named=True)}
    refused: dict[int, list[Any]] = {}
    for place, time in material.refusals.select(_SLICE, "time").iter_rows():
        refused.setdefault(place, []).append(time)
    return {place: _head(place, rows.get(place), refused.get(place, [])) for place in places}


def _head(place: int, row: Mapping[str, Any] | None, times: list[Any]) -> Head:
    start = start_of(place)
    if row is None:
        return Head(mark="", first=min(times, default=start), last=max(times, default=start))
    return Head(
        mark="",
        first=min([*times, row["first"]]),
        last=max([*times, row["last"]]),
        buckets=(0, -1) if row["low"] is None else (row["low"], row["high"]),
        odd=row["odd"],
        early=row["early"],
        answers=row["answers"],
    )
