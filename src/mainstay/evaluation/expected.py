"""What the owner may expect: money per period, what it hangs on, how to prove it, what the model is not for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from mainstay.data.volume import DAYS
from mainstay.measures.power import effect_seen, records_needed
from mainstay.models.yardstick import MONEY
from mainstay.render.document import Facts, Heading, Items, Table, Text
from mainstay.render.numbers import amount, count, finding_value, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report
    from mainstay.project import Problem
    from mainstay.render.document import Block, Cell

SHARES = (0.5, 0.9)
_WEEKS = 4
_LONG = 730.0  # days beyond which nobody waits


class Volume(msgspec.Struct, frozen=True):
    """How many records come in a day, and what says so."""

    daily: float
    of: str


def expected_blocks(report: Report, problem: Problem, volume: Volume | None) -> Iterator[Block]:
    """Lay out what to expect; in money, or what is missing to say it.

    Parameters
    ----------
    report : Report
        What was measured.
    problem : Problem
        What it is for, and not for.
    volume : Volume or None
        How many records come in.

    """
    money = report.measure(MONEY)
    yield Heading("What to expect")
    if money is None or money.value is None:
        yield Text("What answers are worth isn't known, so nothing is promised: fill in [money].", "note")
    else:
        yield from _amounts(money, report.currency, volume)
        yield Items(tuple(_hangs_on(report)))
        yield from _proof(report, money, volume)
    yield from _not_for(problem)


def _amounts(money: Finding, unit: str, volume: Volume | None) -> Iterator[Block]:
    pairs: list[tuple[str, Cell]] = [("A thousand records", finding_value(money))]
    if volume is None:
        yield Facts(tuple(pairs))
        yield Text("How many records come in isn't known: say records_per_day in [problem].", "note")
        return
    for period in ("week", "month", "year"):
        times = volume.daily * DAYS[period] / 1000
        pairs.append((f"A {period}", _times(money, times, unit)))
    yield Facts((*pairs, ("Records a day", f"{number(volume.daily)}, as {volume.of} says")))


def _times(money: Finding, times: float, unit: str) -> str:
    interval = money.interval and msgspec.structs.replace(
        money.interval, low=money.interval.low * times, high=money.interval.high * times
    )
    return with_interval((money.value or 0.0) * times, interval, unit)


def _hangs_on(report: Report) -> Iterator[str]:
    """Say what the amounts stand on: the nearest turning points, the rows, the world."""
    turns = [one for one in report.sensitivity if one.measure == "turning_point" and one.value is not None]
    for one in sorted(turns, key=lambda turn: abs(math.log(max(turn.value or 1.0, 1e-9))))[:2]:
        yield f"It stops paying where {one.where} is {number(one.value)} times what [money] says."
    until = (
        "" if report.data_until is None else f", the newest of {report.data_until:%Y-%m-%d} by {report.data_until_of}"
    )
    yield f"It was measured on {count(report.test_rows)} rows held out{until}: the world of then, not of tomorrow."
    yield "It counts the decisions as acted on. What nobody follows gains nothing."


def _proof(report: Report, money: Finding, volume: Volume | None) -> Iterator[Block]:
    """Say how long an experiment would need."""
    if report.spread is None or not money.value or money.value <= 0:
        return
    spread = (report.spread.with_model, report.spread.without)
    low = None if money.interval is None or money.interval.low <= 0 else money.interval.low / 1000
    rows: list[tuple[Cell, ...]] = []
    for share in SHARES:
        sure = records_needed(money.value / 1000, spread, share=share)
        slow = None if low is None else records_needed(low, spread, share=share)
        rows.append((f"{share:.0%}", _long(sure, volume), "can't be planned" if slow is None else _long(slow, volume)))
    yield Heading("How long an experiment would need", 3)
    columns = ("Answered by the model", "Where it is worth what was measured", "Where it is worth the low end")
    yield Table(columns, tuple(rows), "Records until four experiments of five would see it, at 95 % confidence.")
    if volume is not None:
        seen = 1000 * effect_seen(volume.daily * 7 * _WEEKS, spread)
        words = amount(seen, report.currency)
        yield Text(f"In {_WEEKS} weeks, half and half, it would see {words} per 1 000 records and more.", "note")


def _long(records: float, volume: Volume | None) -> str:
    if volume is None or not math.isfinite(records):
        return count(math.ceil(records)) if math.isfinite(records) else "for ever"
    days = records / volume.daily
    told = "more than two years" if days > _LONG else f"{count(math.ceil(days))} days"
    return f"{count(math.ceil(records))}: {told}"


def _not_for(problem: Problem) -> Iterator[Block]:
    told = [words for words in (problem.limitations, problem.unintended) if words.strip()]
    yield Heading("What it must not be used for")
    if told:
        yield Items(tuple(told))
    else:
        yield Text("Nobody has said so yet: limitations and unintended, in [problem].", "warning")
