"""What a report says about money, as blocks of the owner's page: over the share acted on, and what it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mainstay.evaluation.periods import money_in
from mainstay.models.yardstick import MONEY
from mainstay.render.curve import share_curve
from mainstay.render.document import Block, Cell, Figure, Heading, Table, Text
from mainstay.render.numbers import finding_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.measures.finding import Finding
    from mainstay.models.report import Report

_KEPT, _AGAIN = "decisions kept", "derived again"
_TURNS: Final = "turning_point"


def money_blocks(report: Report) -> Iterator[Block]:
    """Lay out the money; nothing where it is unknown."""
    if report.curve:
        yield Heading("Money over the share acted on")
        yield from _curve(report)
    if report.sensitivity:
        yield Heading("What the money depends on")
        yield _amounts(report)


def per_period(report: Report) -> Iterator[Block]:
    """Say what the money comes to in a month, where it is known how many records come in."""
    money = money_in(report, "money_per_month")
    if money is not None:
        yield Text(f"That is **{finding_value(money)}** a month. {money.note}")


def _curve(report: Report) -> Iterator[Block]:
    known = [(one.share, one.money.value, one.money.interval) for one in report.curve]
    points = [(share, value, at.low, at.high) for share, value, at in known if value is not None and at is not None]
    acted = report.measure("share_acted_on")
    marked = [] if acted is None or acted.value is None else [(acted.value, "acted on")]
    best = max(report.curve, key=lambda one: one.money.value or 0.0)
    alt = (
        f"Acting on the best {best.share:.0%} earns most of the shares measured: {finding_value(best.money)} per 1 000 "
        "records"
    )
    drawn = share_curve(points, alt=alt, unit=report.currency, marked=marked)
    if drawn:
        yield Figure(drawn, f"{alt}.", "Best records first, with 95 % intervals, on held-out rows.")
    rows = tuple((f"{100 * one.share:.4g} %", finding_value(one.money), one.money.note) for one in report.curve)
    yield Table(("Acting on the best", f"{report.currency} per 1 000 records", ""), rows)


def _amounts(report: Report) -> Block:
    by_place = {finding.where: finding for finding in report.sensitivity if finding.measure == MONEY}
    turns = [finding for finding in report.sensitivity if finding.measure == _TURNS]
    columns = ("Amount", "Halved", "and policy derived again", "Doubled", "and policy derived again", "Turns at", "")
    now = report.measure(MONEY)
    caption = (
        f"{report.currency} per 1 000 records where one amount is not what [money] says, on held-out rows; as declared "
        f"{'not measured' if now is None else finding_value(now)}. Turns at: times what it is."
    )
    return Table(columns, tuple(_row(turn, by_place) for turn in turns), caption)


def _row(turn: Finding, by_place: dict[str, Finding]) -> tuple[Cell, ...]:
    changed = [f"{turn.where} x {factor}, {how}" for factor in ("0.5", "2") for how in (_KEPT, _AGAIN)]
    return (turn.where, *(_at(by_place, where) for where in changed), finding_value(turn), turn.note)


def _at(by_place: dict[str, Finding], where: str) -> str:
    return finding_value(by_place[where]) if where in by_place else ""
