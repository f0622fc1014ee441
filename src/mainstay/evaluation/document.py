"""A report and its verdict as a `Document`: the owner's page, the same in the terminal, in HTML and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.evaluation.ablation_document import ablation_blocks
from mainstay.evaluation.class_document import class_blocks
from mainstay.evaluation.dependence import money_blocks, per_period
from mainstay.evaluation.difference_document import difference_blocks
from mainstay.evaluation.figures import contender_figure, segment_figure
from mainstay.evaluation.forms import form_blocks
from mainstay.evaluation.looks_at import features_blocks
from mainstay.evaluation.training_document import training_blocks
from mainstay.evaluation.trials import behaviour_blocks, inclusion_blocks, slice_blocks
from mainstay.models.policy import NEVER
from mainstay.render.document import (
    Block,
    Cell,
    Command,
    Document,
    Facts,
    Findings,
    Heading,
    Items,
    Status,
    Table,
    Text,
)
from mainstay.render.numbers import count, finding_value, measure_name, moment, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.measures.finding import Finding
    from mainstay.measures.measure import Kind
    from mainstay.measures.thresholds import BreakEven
    from mainstay.models.policy import Policy
    from mainstay.models.report import Contender, Report, Verdict
    from mainstay.project import Problem

_BASES: dict[Kind, str] = {"binary": "Base rate", "multiclass": "Share of the commonest label", "regression": "Mean"}


def report_document(
    name: str,
    version: int,
    report: Report,
    verdict: Verdict | None,
    problem: Problem,
    *,
    expected: Sequence[Block] = (),
    pictures: bool = False,
) -> Document:
    """Lay out a report: what it is worth, whether it may answer, what that stands on.

    Parameters
    ----------
    name : str
        Name of the model.
    version : int
        Its number.
    report : Report
        What was measured.
    verdict : Verdict or None
        What the gates say; None where nobody asked them.
    problem : Problem
        The ``[problem]`` section.
    expected : sequence of Block
        What the owner may expect, from `expected_blocks`; it comes right after the first words.
    pictures : bool
        Whether to draw what tables say.

    """
    blocks = (
        *_lead(report),
        *expected,
        *_verdict(version, verdict),
        *form_blocks(report.optimization),
        *_candidates(report),
        *(contender_figure(report) if pictures else ()),
        *_measured(report),
        *money_blocks(report),
        *_without_money(report),
        *_for_whom(report),
        *(segment_figure(report) if pictures else ()),
        *inclusion_blocks(report),
        *slice_blocks(report),
        *(difference_blocks(report.difference, "the champion") if report.difference is not None else ()),
        *behaviour_blocks(report),
        *training_blocks(report),
        *features_blocks(report),
        *ablation_blocks(report),
        *_stands_on(report, problem),
    )
    return Document(f"{name} version {version}: {headline(report)}", blocks, _foot(verdict))


def summary_document(name: str, version: int, report: Report, verdict: Verdict) -> Document:
    """Lay out what a training ends with: worth, the gates that could judge, the candidates, and where the rest is."""
    blocks = (
        *_lead(report),
        *_judged_alone(version, verdict),
        *_candidates(report),
        Heading("How it decides"),
        Facts((("Policy", _policy_words(report.policy)), ("Basis", report.policy.basis))),
        Items(report.notes if report.in_money else report.notes[1:]),
        Command(f"mainstay version show {version}", "Everything that was measured."),
        Command(f"mainstay report {version}", "The owner's page."),
    )
    return Document(f"{name} version {version}: {headline(report)}", blocks, _foot(verdict))


def headline(report: Report) -> str:
    """Say in one line what the model is worth; in money, or labelled as not being money."""
    primary = report.measure(report.primary)
    if report.candidate == "do-nothing":
        return "nothing beat doing nothing"
    if primary is None or primary.value is None:
        return f"{report.candidate}, not measured"
    if report.in_money:
        verb = "gains" if primary.value >= 0 else "loses"
        return f"{report.candidate} {verb} {finding_value(primary)} per 1 000 records against doing nothing"
    return f"{report.candidate}, {measure_name(report.primary)} {finding_value(primary)} (not money)"


def _lead(report: Report) -> Iterator[Block]:
    yield Text(report.why, "lead")
    yield from per_period(report)
    if not report.in_money:
        yield Text(report.notes[0] if report.notes else "Not money.", "warning")


def _verdict(version: int, verdict: Verdict | None) -> Iterator[Block]:
    if verdict is None:
        yield Command(f"mainstay gate {version}", "Not judged yet.")
        return
    passed = sum(finding.ok is True for finding in verdict.findings)
    open_ = sum(finding.ok is None for finding in verdict.findings)
    yield Heading("May it answer?")
    word = "Yes: every gate that could judge passed" if verdict.ok else f"No: {len(verdict.failed)} failed"
    others = f", {open_} could not judge" if open_ else ""
    yield Findings(verdict.findings, f"{word} ({passed} passed{others}).", failed_first=True)
    if verdict.ok:
        yield Command(f'mainstay release {version} --reason "…"', "Let it answer.")


def _judged_alone(version: int, verdict: Verdict) -> Iterator[Block]:
    judged = tuple(finding for finding in verdict.findings if finding.ok is not None)
    yield from _verdict(version, msgspec.structs.replace(verdict, findings=judged))
    if others := len(verdict.findings) - len(judged):
        yield Command(f"mainstay gate {version}", f"Reported alone or not judged: {count(others)} more, and why.")


def _candidates(report: Report) -> Iterator[Block]:
    if not report.contenders:
        return
    others = [finding.measure for finding in report.contenders[0].others]
    head = f"{report.currency} per 1 000 records" if report.in_money else f"{measure_name(report.primary)} (not money)"
    columns = ("Candidate", head, *map(measure_name, others), "Training, s", "")
    yield Heading("Candidates, simplest first")
    caption = f"On {count(report.test_rows)} held-out rows, with 95 % intervals."
    yield Table(columns, tuple(_candidate(one) for one in report.contenders), caption)


def _candidate(one: Contender) -> tuple[Cell, ...]:
    chosen = Status("chosen", "good") if one.chosen else ""
    return (one.name, finding_value(one.primary), *map(finding_value, one.others), round(one.seconds, 1), chosen)


def _measured(report: Report) -> Iterator[Block]:
    yield Heading("How well it does")
    yield Facts((("Policy", _policy_words(report.policy)), ("Basis", report.policy.basis)))
    yield Findings(report.measures, f"On {count(report.test_rows)} held-out rows.")
    compared = tuple(finding for finding in report.comparisons if finding.group == "comparison")
    if compared:
        yield Findings(compared, "By how much it is better, on the same rows.")
    yield from class_blocks(report)


def _policy_words(policy: Policy) -> str:
    if policy.task.kind == "regression":
        alike = "" if policy.pricing is None else ", or what the costs of the record say"
        return f"Plan the forecast {'plus' if policy.shift >= 0 else 'minus'} {number(abs(policy.shift))}{alike}"
    if policy.task.kind == "multiclass":
        return ", ".join(f"'{action}'" for action in policy.classes.taken)
    if policy.pricing is not None:
        least = max(policy.margin, policy.pace or 0.0)
        return f"'{policy.action}' where the expected gain of the record is above {number(least)}"
    if policy.threshold >= NEVER:
        return "Never act"
    if policy.pace is not None and policy.pace > policy.threshold:
        return f"'{policy.action}' on scores of {number(policy.pace)} and above, to keep to the capacity"
    return f"'{policy.action}' on scores of {number(policy.threshold)} and above"


def _without_money(report: Report) -> Iterator[Block]:
    if report.break_even:
        yield Heading("What acting would need to pay")
        yield Items(tuple(break_even_words(row) for row in report.break_even if row.pays_above is not None))
        columns = ("Act on scores from", "Share acted on", "Share right", "Low", "High", "Pays above", "Best at")
        caption = "Pays above, best at: worth of an action that works, in times what an action costs. Not money."
        yield Table(columns, tuple(_break_even(row) for row in report.break_even), caption)
    if report.margins:
        head = ("A unit too little costs, times a unit too much", "Plan the forecast plus", "Enough in, share")
        margins = tuple((row.ratio, row.shift, row.covered) for row in report.margins)
        yield Heading("What to plan")
        yield Table(head, margins, "From training rows the forecast had not seen. Not money.")


def _break_even(row: BreakEven) -> tuple[Cell, ...]:
    low, high = (row.interval.low, row.interval.high) if row.interval else (None, None)
    return (row.threshold, row.acted, row.precision, low, high, row.pays_above, row.best_at)


def break_even_words(row: BreakEven) -> str:
    """Say what acting above one threshold needs to pay, as a sentence."""
    if row.pays_above is None or row.precision is None:
        return f"Above {number(row.threshold)} nothing was acted on, or never rightly."
    times = number(row.pays_above)
    return (
        f"Acting on scores of {number(row.threshold)} and above ({row.acted:.0%} of the records, {row.precision:.0%} "
        f"rightly) pays once an action that works is worth more than {times} times what an action costs."
    )


def _for_whom(report: Report) -> Iterator[Block]:
    ahead = {finding.where: finding for finding in report.comparisons if finding.group == "segment"}
    if not report.segments:
        return
    yield Heading("For whom")
    columns = ("Segment", "Rows", measure_name(report.primary), "Better than doing nothing by", "")
    rows = tuple(_segment(one, ahead.get(one.where)) for one in report.segments)
    yield Table(columns, rows, "A segment fails where it is surely worse off than with doing nothing.")


def _segment(one: Finding, ahead: Finding | None) -> tuple[Cell, ...]:
    judged: Cell = Status("too few rows", "none")
    if ahead is not None and ahead.ok is not None:
        judged = Status("ok", "good") if ahead.ok else Status("failed", "bad")
    return (one.where, one.n, finding_value(one), finding_value(ahead) if ahead else None, judged)


def _stands_on(report: Report, problem: Problem) -> Iterator[Block]:
    yield Heading("What it stands on")
    if report.checks:
        yield Findings(report.checks, "What was checked about the data.", failed_first=True)
    base = _BASES[report.policy.task.kind]
    yield Facts(
        (
            ("Rows to learn from", report.train_rows),
            ("Rows held out", report.test_rows),
            (f"{base} of {report.policy.task.target}", report.base_rate),
            ("Decision", problem.decision or None),
            ("Owner", problem.owner or None),
            ("Not for", problem.limitations or None),
        )
    )
    yield Items(report.notes if report.in_money else report.notes[1:])


def _foot(verdict: Verdict | None) -> str:
    return "" if verdict is None else f"Judged {moment(verdict.at)}{f' by {verdict.by}' if verdict.by else ''}."
