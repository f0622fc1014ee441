"""What is in the table by now is exported as what isn't yet, each event once."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mainstay.events import encode_events
from mainstay.events.export import Asked, Described, Rows
from mainstay.events.segments import remove_segment
from mainstay.events.table.shipping import ship
from mainstay.events.table.spans import Extent, divide

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contract import Contract
    from mainstay.events import EventLog, Feedback, Prediction

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DESCRIBED = Described({"tenure": pl.Int64(), "charge": pl.Float64(), "plan": pl.String()})


def _rows(log: EventLog, asked: Asked | None = None) -> pl.DataFrame:
    rows = Rows(log, asked or Asked(), DESCRIBED)
    whole: pl.DataFrame = pl.concat([rows.empty(), *rows])
    return whole


def test_shipped_and_unshipped_are_one(
    log: EventLog,
    contract: Contract,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answers = [
        prediction(
            id=f"{number:02d}",
            at=NOW + number * DAY / 4,
            raw={"charge": "12,5"} if number % 3 else None,
            warnings=("charge: read",) if number % 3 else (),
            degraded=bool(number % 3),
            control=number == 5,
            encoded=(1.0, None) if number == 6 else None,
        )
        for number in range(20)
    ]
    told = [feedback(each.id, "Yes", received=NOW + 7 * DAY) for each in answers]
    for start in range(0, 20, 5):
        writer = log.writer("predictions")
        writer.append(encode_events(answers[start : start + 5]))
        writer.close()
    log.append("feedback", told)
    before, said = _rows(log), _rows(log, Asked("feedback"))
    assert before["id"].to_list() == [each.id for each in answers]
    log.close()
    for path in log.segments("predictions")[2:]:
        path.rename(path.with_suffix(".kept"))
    ship(log, contract_of=lambda _: contract)
    for path in log.segments("predictions")[:1]:
        remove_segment(path)
    for path in (log.root / "predictions").glob("*.kept"):
        path.rename(path.with_suffix(".jsonl"))
    assert _rows(log).equals(before)
    assert _rows(log, Asked("feedback")).equals(said)
    later = Asked(since=NOW + DAY)
    assert _rows(log, later).equals(before.filter(pl.col("time") >= NOW + DAY))


_MOMENTS = st.integers(0, 10_000).map(lambda seconds: NOW + dt.timedelta(seconds=seconds))
_EXTENTS = st.lists(
    st.tuples(_MOMENTS, st.integers(1, 5000), st.floats(0, 1000)).map(
        lambda each: Extent(each[0], each[0] + dt.timedelta(seconds=each[1]), each[2])
    ),
    max_size=8,
)


@given(_EXTENTS, st.none() | _MOMENTS, st.none() | _MOMENTS, st.floats(1, 500))
def test_parts_of_a_span_are_disjoint_and_cover_it(
    extents: list[Extent], since: dt.datetime | None, until: dt.datetime | None, at_once: float
) -> None:
    if since is not None and until is not None and since >= until:
        since = until = None
    parts = list(divide(extents, since, until, at_once))
    assert parts[0][0] == since
    assert parts[-1][1] == until
    for (_, end), (start, _) in pairwise(parts):
        assert end == start
    assert all(start is None or end is None or start < end for start, end in parts)


def test_parts_hold_about_as_much_each() -> None:
    extents = [Extent(NOW + day * DAY, NOW + (day + 1) * DAY, 1000.0) for day in range(10)]
    parts = list(divide(extents, NOW, NOW + 10 * DAY, 2500.0))
    assert len(parts) == 4
    assert [(end - start) / DAY for start, end in parts if start and end] == [2.5] * 4
