"""What a card says beside the measures: how it is built and why, from what, for whom, where it runs; from facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.models.frameworks.calibrated import innermost
from mainstay.render.document import Facts, Findings, Heading, Items, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract import AnyColumn
    from mainstay.models.report import Report
    from mainstay.project import Problem
    from mainstay.registry.entry import Entry
    from mainstay.render.document import Block, Cell

UNSAID = "not said"
_COLUMNS = 60
_WEAKEST = 5


def purpose(problem: Problem) -> Iterator[Block]:
    """Say what it is for, for whom, and what it isn't for."""
    pairs = (
        ("Decision", problem.decision),
        ("Action on a positive decision", problem.action),
        ("Who answers for it", problem.owner),
        ("Who works with it", problem.users),
        ("Intended uses", problem.intended or problem.decision),
        ("Unintended uses", problem.unintended),
        ("Assumptions", problem.assumptions),
        ("Limitations", problem.limitations),
    )
    yield Heading("Purpose")
    yield Facts(tuple((label, words or UNSAID) for label, words in pairs))


def architecture(entry: Entry) -> Iterator[Block]:
    """Say how it is built, and why so."""
    model, candidate = entry.candidate.model, entry.candidate
    inner = innermost(model)
    wrapped = "" if inner is model else f", its scores bent by a curve ({model.framework})"
    inputs = entry.contract if entry.features is None else entry.features.inputs
    yield Heading("Architecture and rationale")
    yield Facts(
        (
            ("Kind of model", f"{candidate.name} ({inner.framework}){wrapped}"),
            ("What it sees", f"{len(inputs.features)} features, {inputs.width} numbers"),
            ("What it predicts", f"{candidate.policy.task.target} ({candidate.policy.task.kind})"),
            ("Why this one", candidate.why or entry.report.why or UNSAID),
            ("Why so built", entry.problem.rationale or UNSAID),
        )
    )


def hyper_parameters(entry: Entry) -> Iterator[Block]:
    """Name the settings it was made with, and where they come from."""
    parameters, trials = entry.candidate.parameters, entry.candidate.trials
    if not parameters:
        return
    yield Heading("Hyper-parameters")
    why = "They are the defaults of its recipe, or what [training] says: nothing was searched."
    if trials:
        done = [one for one in trials if one.loss is not None]
        why = f"Chosen by a search: {len(trials)} sets tried, {len(done)} to their end, the best on the folds kept."
    yield Text(why)
    yield Facts(tuple((name, _cell(value)) for name, value in parameters.items()))


def data_and_preprocessing(entry: Entry) -> Iterator[Block]:
    """Say where rows come from, what becomes of each column, and what was checked."""
    lineage, columns = entry.lineage, entry.contract.columns
    yield Heading("Data and preprocessing")
    split = next((note for note in entry.report.notes if note.startswith("Held out:")), UNSAID)
    until = entry.report.data_until
    yield Facts(
        (
            ("Source", lineage.source or UNSAID),
            ("Rows", lineage.rows),
            ("Newest row", UNSAID if until is None else f"{until:%Y-%m-%d}, by {entry.report.data_until_of}"),
            ("Split", split.removeprefix("Held out: ")),
            ("Feature code", _code(entry)),
        )
    )
    rows = tuple(_column(column) for column in columns[:_COLUMNS])
    hidden = len(columns) - len(rows)
    caption = f"What becomes of each column{f'; {hidden} more are in contract.json' if hidden else ''}."
    yield Table(("Column", "Role", "Kind", "Where it doesn't fit", "Owner", "Source", "What it says"), rows, caption)
    if entry.report.checks:
        yield Findings(entry.report.checks, "What was checked about the data:", failed_first=True)


def limits(report: Report, problem: Problem) -> Iterator[Block]:
    """Name the known limits: what its owner says, and where it was measured to be weak."""
    weak = [one for one in report.slices if one.group == "slice"][:_WEAKEST]
    failed = [one for one in (*report.behaviour, *report.inclusion) if one.failed]
    told = [words for words in (problem.limitations, problem.unintended) if words]
    if not (weak or failed or told):
        return
    yield Heading("Known limits")
    if told:
        yield Items(tuple(told))
    if weak:
        yield Findings(tuple(weak), "Where its loss is surely higher than elsewhere:")
    if failed:
        yield Findings(tuple(failed), "Tests of behaviour and inclusion that it fails:")


def surroundings(entry: Entry) -> Iterator[Block]:
    """Say how it is deployed and watched, as the project was set up on that day."""
    if entry.surroundings:
        yield Heading("Deployment and monitoring")
        yield Facts(entry.surroundings, "As the project was set up when it was made.")


def _code(entry: Entry) -> str:
    if entry.features is None:
        return "none: the model sees what the contract says"
    return f"features.py, sha256 {entry.features.code.sha256}"


def _column(column: AnyColumn) -> tuple[Cell, ...]:
    policies = [f"missing: {column.missing}", f"malformed: {column.malformed}"]
    if column.beyond_policy:
        policies.append(f"{column.beyond_policy}: {getattr(column, column.beyond_policy)}")
    fill = "" if column.fill is None else f" (filled with {column.fill})"
    never = column.personal == "drop"
    marks = [mark for mark in ("personal", "sensitive") if getattr(column, mark)] + ["never logged"] * never
    kind = ", ".join([column.type, *marks]) + (f", {column.unit}" if column.unit else "")
    fits = ", ".join(policies) + fill
    return (column.name, column.role, kind, fits, column.owner, column.source, column.description)


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
