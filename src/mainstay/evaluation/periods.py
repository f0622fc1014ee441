"""Money per period: money per 1 000 records times the records that come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.data.volume import DAYS
from mainstay.measures.finding import Interval
from mainstay.models.yardstick import MONEY
from mainstay.render.numbers import count

if TYPE_CHECKING:
    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report

PERIODS = {f"money_per_{period}": period for period in DAYS}


def money_in(report: Report, measure: str) -> Finding | None:
    """Give money per day, week, month, quarter or year (``"money_per_week"``).

    The interval is that of the money; how many records come in is taken as it was seen.

    Returns
    -------
    Finding
        None where money is unknown, or nothing says how many records come in.

    """
    money, daily = report.measure(MONEY), report.records_per_day
    if measure not in PERIODS or money is None or money.value is None or daily is None:
        return None
    period = PERIODS[measure]
    records = daily * DAYS[period]
    times = records / 1000
    at = money.interval
    return msgspec.structs.replace(
        money,
        measure=measure,
        value=money.value * times,
        interval=None if at is None else Interval(at.low * times, at.high * times, at.level),
        note=f"At {count(round(records))} records a {period}, as the rows show.",
    )
