"""What training found out, for the owner's page: calibration, would more rows help, how it ages, what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.render.document import Cell, Figure, Heading, Table, Text
from mainstay.render.numbers import finding_value, measure_name, number
from mainstay.render.reliability import reliability_plot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.models.report import Report
    from mainstay.models.studies import ReliabilityBin, Trial
    from mainstay.render.document import Block

_MOST_TRIALS = 10


def training_blocks(report: Report) -> Iterator[Block]:
    """Lay out what training found out."""
    yield from _reliability(report)
    yield from _learning(report)
    yield from _ageing(report)
    yield from _trials(report)


def _reliability(report: Report) -> Iterator[Block]:
    bins = [one for one in report.reliability if one.happened.value is not None and one.happened.interval is not None]
    if not bins:
        return
    yield Heading("Do scores mean what they say?")
    alt = "; ".join(f"said {number(one.said)}, happened {number(one.happened.value or 0.0)}" for one in bins)
    rows = tuple(_reliability_row(one) for one in bins)
    yield Figure(reliability_plot([_point(one) for one in bins], alt=alt), alt, "Calibrated scores lie on the line.")
    yield Table(("Mean score", "Share positive", "Low", "High", "Records"), rows, "Held-out records, by their score.")


def _point(one: ReliabilityBin) -> tuple[float, float, float, float]:
    value, interval = one.happened.value or 0.0, one.happened.interval
    return (one.said, value, value, value) if interval is None else (one.said, value, interval.low, interval.high)


def _reliability_row(one: ReliabilityBin) -> tuple[Cell, ...]:
    _, value, low, high = _point(one)
    return (one.said, value, low, high, one.happened.n)


def _learning(report: Report) -> Iterator[Block]:
    if not report.learning_curve:
        return
    yield Heading("Would more rows help?")
    yield Text(report.learning)
    columns = ("Rows learned from", "Share of all", measure_name(report.primary))
    rows = tuple((one.rows, one.share, finding_value(one.result)) for one in report.learning_curve)
    yield Table(columns, rows, "On training rows that were not seen, by the chosen recipe without a new search.")


def _ageing(report: Report) -> Iterator[Block]:
    if not report.staleness:
        return
    yield Heading("How fast does it age?")
    yield Text(report.ageing)
    rows = tuple((one.lost.where, finding_value(one.lost), one.lost.n) for one in report.staleness)
    columns = ("A model that is", f"loses, {measure_name(report.primary)}", "Records")
    yield Table(columns, rows, "Against a fresh model on the same records; both learned from equally long stretches.")


def _trials(report: Report) -> Iterator[Block]:
    whole = [one for one in report.trials if one.where == "all rows" and one.loss is not None]
    if not whole:
        return
    best = sorted(whole, key=lambda one: one.loss or 0.0)[:_MOST_TRIALS]
    yield Heading("What was tried")
    caption = f"The best {len(best)} of {len(report.trials)} trials, by their loss on the folds; all are in the report."
    yield Table(("Candidate", "Trial", "Loss on folds", "Seconds", "Parameters"), tuple(map(_trial, best)), caption)


def _trial(one: Trial) -> tuple[Cell, ...]:
    said = {name: number(value) if isinstance(value, float) else value for name, value in one.parameters.items()}
    words = ", ".join(f"{name} {value}" for name, value in said.items())
    return (one.candidate, one.number, one.loss, round(one.seconds, 1), words)
