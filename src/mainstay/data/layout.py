"""How a draft is laid out: TOML with a comment beside every guess, and nothing that goes without saying."""

from __future__ import annotations

import json
import os
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from mainstay.contract import Contract, dumps
from mainstay.data.sources.sqlite import SCHEME as SQLITE
from mainstay.data.words import count, listing, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contract.rules import Rule
    from mainstay.data.answers import Answers
    from mainstay.data.glimpse import Glimpse
    from mainstay.data.guess import Guess
    from mainstay.data.outline import Outline
    from mainstay.data.source import Source
    from mainstay.data.standins import StandIns
    from mainstay.data.target import Goal
    from mainstay.data.times import Parts

_WIDTH = 110
_MOST_UP = 2
_MOST_SHOWN = 8
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
ADDRESS = "MAINSTAY_SOURCE"
"""The environment variable that holds a source's address where that holds a password."""
_MODEL_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")


@dataclass(frozen=True)
class Basis:
    """All that a draft is laid out from: the guesses, the answers, where the table lies and how it was written.

    Parameters
    ----------
    plan, goal, answers
        The guesses, the target, the person's answers.
    source : Source
        Where the rows come from, and how they are read.
    folder : Path
        The project's folder, absolute.
    glimpse : Glimpse
        The rows the guesses were made from.
    stand_ins : StandIns
        The texts that stand for a missing value.
    rules : tuple of Rule
        Given rules between columns.

    """

    plan: Outline
    goal: Goal
    answers: Answers
    source: Source
    folder: Path
    glimpse: Glimpse
    stand_ins: StandIns
    rules: tuple[Rule, ...] = ()


def contract_text(basis: Basis) -> str:
    """Lay out ``contract.toml``."""
    glimpse = basis.glimpse
    origin = f"{_plain(basis.source.name)}, {rows(glimpse.rows)}"
    if not glimpse.whole:
        origin += f" (counts are of {count(glimpse.frame.height)} of them)"
    head = [
        f"# What a record must look like. Drafted by mainstay init from {origin}.",
        "# Each comment is a guess with the count behind it; correct what is wrong. What isn't here has its default:",
        '# missing = "reject"; malformed = "reject" (of the wrong kind); outside = "reject" (out of range; or "clip",',
        '# "flag"); unknown = "other" (a label never seen counts as another one, and the answer says so).',
    ]
    if glimpse.skipped:
        head.append(
            "# Left out, since what lists and bytes hold isn't guessed (lists of one shape can be declared: "
            f'type = "tensor"): {_plain(listing(glimpse.skipped))}.'
        )
    rules = [dumps(Contract((), basis.rules))] if basis.rules else []
    return "\n".join([*head, "", *(_column(guess) for guess in basis.plan.guesses), *rules])


def project_text(basis: Basis) -> str:
    """Lay out ``mainstay.toml``."""
    head = [
        f"# Drafted by mainstay init from {_plain(basis.source.name)}: {basis.glimpse.size}.",
        "# Each comment is a guess with the count behind it; correct what is wrong. What isn't here has its default",
        "# (mainstay check prints them all).",
        "",
    ]
    problem = _problem(basis.answers, basis.folder)
    return "\n".join([*head, *problem, "", *_money(basis.answers, basis.goal), "", *_data(basis), ""])


def source_text(source: Path, folder: Path) -> str:
    """Write the path of a source for a project: relative where it lies in or near the folder, absolute elsewhere.

    Examples
    --------
    >>> from pathlib import Path
    >>> source_text(Path("/home/rows.csv"), Path("/home/churn")), source_text(Path("/data/rows.csv"), Path("/a/b/c/d"))
    ('../rows.csv', '/data/rows.csv')

    """
    relative = os.path.relpath(source, folder)
    up = PurePath(relative).parts.count("..")
    return relative.replace(os.sep, "/") if up <= _MOST_UP else str(source)


def model_name(answers: Answers, folder: Path) -> str:
    """Give the name to write down: the one asked for, or one made of a folder's name that can't be one; else empty."""
    if answers.name or _MODEL_NAME.match(folder.name):
        return answers.name or folder.name  # written down, so that a folder that moves keeps its model
    made = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.name).strip("-_")[:64]
    return made or "model"


def _problem(answers: Answers, folder: Path) -> list[str]:
    name = model_name(answers, folder)
    return [
        "[problem]  # a release refuses empty fields by name",
        *([_line("name", name, "name of the model, and its address")] if name else []),
        _line("decision", answers.decision, "what the answer changes"),
        _line("action", answers.action, "what the caller does on a positive decision"),
        _line("owner", answers.owner, "who is told, and who answers for it"),
        _line("limitations", answers.limitations, "what it must not be used for"),
        '# users = ""            # who works with the answers; these are for the card and the owner\'s page',
        '# intended = ""         # what else it may be used for',
        '# unintended = ""       # what somebody might think it is good for, and it isn\'t',
        '# assumptions = ""      # what must stay true for it to be right',
        '# rationale = ""        # why it is built as it is',
        "# records_per_day = 500 # how many come in: makes amounts per week of amounts per 1 000",
    ]


def _money(answers: Answers, goal: Goal) -> list[str]:
    lines = ['[money]  # gain per record against taking no action; unset: judged on a declared measure, "not money"']
    if answers.currency != "EUR":
        lines.append(_line("currency", answers.currency))
    if goal.task.kind == "regression":
        if answers.under is None and answers.over is None:
            return [*lines, "# cost = { under = 2, over = 1 }  # cost of each unit planned too little, and too much"]
        both = f"{{ under = {answers.under or 0.0:g}, over = {answers.over or 0.0:g} }}"
        return [*lines, f"cost = {both}  # of each unit planned too little, and too much"]
    if goal.task.kind == "multiclass":
        return [*lines, *_matrix_hint(goal.task.labels)]
    if answers.fp is not None or answers.fn is not None:
        both = f"{{ fp = {answers.fp or 0.0:.12g}, fn = {answers.fn or 0.0:.12g} }}"
        return [*lines, f"cost = {both}  # of acting where nothing was, and of a positive left alone"]
    if answers.value is None:
        lines += [
            "# value = 300  # what an action that works is worth",
            "# success_rate = 0.3  # how often it works",
            "# action_cost = 15  # what it costs: acting then pays above a probability of 15 / (0.3 * 300) = 0.17",
            "# cost = { fp = 1, fn = 5 }  # or instead: of acting where nothing was, and of a positive left alone",
        ]
    known = (
        ("value", answers.value, "what an action that works is worth"),
        ("success_rate", answers.success_rate, "how often it works"),
        ("action_cost", answers.action_cost, "what it costs, whether it works or not"),
    )
    return [*lines, *(_line(key, amount, said) for key, amount, said in known if amount is not None)]


def _matrix_hint(labels: Sequence[str]) -> list[str]:
    """Write a matrix to be filled in: every mistake costs 1."""
    shown = labels[:_MOST_SHOWN]
    rest = "" if len(shown) == len(labels) else f", and so on for all {len(labels)} labels"
    actions = ", ".join(f'{_key(label)} = "…"' for label in shown)
    lines = [
        _plain(f"# actions = {{ {actions} }}  # what to do about each label{rest}; unset: what the label is called")
    ]
    lines.append("# [money.matrix]  # for each true label what each action (or predicted label) costs")
    for label in shown:
        cells = ", ".join(f"{_key(other)} = {0 if other == label else 1}" for other in shown)
        lines.append(_plain(f"# {_key(label)} = {{ {cells} }}"))
    return lines


def _key(label: str) -> str:
    return label if _BARE.match(label) else _text(label)


def _data(basis: Basis) -> list[str]:
    plan, task = basis.plan, basis.goal.task
    lines = [
        "[data]",
        *source_lines(basis.source, basis.folder),
        _line("target", task.target, basis.goal.words + _unlabelled(basis)),
    ]
    if task.kind == "binary":
        lines.append(_line("positive", task.positive, f"guessed: {basis.goal.why}" if basis.goal.why else ""))
    if task.kind == "multiclass" and basis.answers.classes:
        lines.append("classes = true  # numbers are labels, not amounts")
    if plan.entity:
        lines.append(_line("entity", plan.entity, "guessed: who a record is about; see contract.toml"))
    if plan.split_by != "random":
        columns = plan.times if plan.split_by == "time" else (plan.entity,)
        said = _text(columns[0]) if len(columns) == 1 else _texts(columns)
        lines.append(f"split_by = {{ {plan.split_by} = {said} }}  # guessed: {_plain(plan.split_why)}")
    if plan.group_why:
        lines.append(f"# split_by = {{ group = {_text(plan.entity)} }}  # the other choice: {_plain(plan.group_why)}")
    lines += [_split_hint(parts) for parts in plan.parts if tuple(parts.columns.values()) != plan.times]
    if plan.segments:
        lines.append(f"# segments = {_texts(plan.segments)}  # groups to judge apart; these differ most in the target")
    if basis.stand_ins.everywhere:
        lines.append(_line_of_texts("missing", basis.stand_ins.everywhere, f"guessed: {basis.stand_ins.words}"))
    return lines


def _unlabelled(basis: Basis) -> str:
    """Say how many rows have no outcome; empty where each has one."""
    cells = basis.glimpse.frame[basis.goal.task.target]
    return f"; none in {rows(cells.null_count())}, left out" if cells.null_count() else ""


def source_lines(source: Source, folder: Path) -> list[str]:
    """Write where the rows are and how they are read; a password stays in the environment."""
    if source.path is not None:
        lines = [_line("source", source_text(source.path, folder))]
    elif source.address.startswith(SQLITE):
        path = Path(source.address.removeprefix(SQLITE)).expanduser().absolute()
        lines = [_line("source", SQLITE + source_text(path, folder))]
    elif source.address != source.hide(source.address):
        lines = [_line("source", f"${{{ADDRESS}}}", f"it holds a password: export {ADDRESS}=…")]
    else:
        lines = [_line("source", source.address)]
    if source.query:
        lines.append(_line("query", source.query))
    if source.as_of != "":
        lines.append(f"as_of = {source.as_of}" if isinstance(source.as_of, int) else _line("as_of", source.as_of))
    if not source.header:
        lines.append("header = false  # the first line is a row")
    if source.names:
        lines.append(_line_of_texts("names", source.names, ""))
    if source.decimal:
        lines.append(_line("decimal", source.decimal, "guessed: no number in the source has a decimal point"))
    return lines


def _split_hint(parts: Parts) -> str:
    together = " + ".join(parts.columns.values())
    order = ", and the rows are in order of it" if parts.ascending else ""
    columns = _texts(list(parts.columns.values()))
    return _plain(
        f"# split_by = {{ time = {columns} }}  # {together} are a time together{order}: does it say when a row was "
        "known? Then judge on the latest rows, as production is always later"
    )


def _line_of_texts(key: str, texts: Iterable[str], comment: str) -> str:
    return f"{key} = {_texts(list(texts))}" + (f"  # {_plain(comment)}" if comment else "")


def _column(guess: Guess) -> str:
    comments = textwrap.wrap(_plain(guess.why), _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    lines = [f"# {line}" for line in comments]
    for line in dumps(Contract((guess.column,))).splitlines():
        note = guess.notes.get(line.split(" = ")[0]) if " = " in line else None
        lines.append(f"{line}  # {_plain(note)}" if note else line)
    return "\n".join([*lines, ""])


def _line(key: str, value: str | float, comment: str = "") -> str:
    written = _text(value) if isinstance(value, str) else f"{value:.12g}"
    return f"{key} = {written}" + (f"  # {_plain(comment)}" if comment else "")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _plain(text: str) -> str:
    """Keep a comment on its line."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)
