"""How a draft is laid out: TOML with a comment beside every guess, and nothing that goes without saying."""

from __future__ import annotations

import json
import os
import re
import textwrap
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from mainstay.contract import Contract, dumps
from mainstay.data.words import listing, rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.data.answers import Answers
    from mainstay.data.guess import Guess
    from mainstay.data.outline import Outline
    from mainstay.data.source import Table
    from mainstay.data.target import Goal

_WIDTH = 110
_MOST_UP = 2
_MODEL_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")


@dataclass(frozen=True)
class Basis:
    """All that a draft is laid out from: the guesses, the answers, where the table lies and how it was written.

    Parameters
    ----------
    plan, goal, answers, table
        The guesses, the target, the person's answers, the source as it was read.
    source, folder : Path
        The source and the project's folder, absolute.
    tokens : dict of str to tuple of str
        For each column of numbers, the texts that stand for a missing value.

    """

    plan: Outline
    goal: Goal
    answers: Answers
    source: Path
    folder: Path
    table: Table
    tokens: dict[str, tuple[str, ...]]


def contract_text(basis: Basis) -> str:
    """Lay out ``contract.toml``."""
    table = basis.table
    origin = f"{_plain(basis.source.name)}, {rows(table.frame.height)}"
    head = [
        f"# What a record must look like. Drafted by mainstay init from {origin}.",
        "# Each comment is a guess with the count behind it; correct what is wrong. What isn't here has its default:",
        '# missing = "reject"; outside = "reject" (a value out of range refuses its record; milder: "clip", "flag");',
        '# unknown = "other" (a label never seen is taken as another one, and the answer says so).',
    ]
    if table.skipped:
        head.append(f"# Left out, since lists and bytes can't be fields of a record: {_plain(listing(table.skipped))}.")
    return "\n".join([*head, "", *(_column(guess) for guess in basis.plan.guesses)])


def project_text(basis: Basis) -> str:
    """Lay out ``mainstay.toml``."""
    table = basis.table
    size = f"{rows(table.frame.height)}, {table.frame.width} columns ({table.words})"
    head = [
        f"# Drafted by mainstay init from {_plain(basis.source.name)}: {size}.",
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
    if answers.value is None:
        lines += [
            "# value = 300  # what an action that works is worth",
            "# success_rate = 0.3  # how often it works",
            "# action_cost = 15  # what it costs: acting then pays above a probability of 15 / (0.3 * 300) = 0.17",
        ]
    known = (
        ("value", answers.value, "what an action that works is worth"),
        ("success_rate", answers.success_rate, "how often it works"),
        ("action_cost", answers.action_cost, "what it costs, whether it works or not"),
    )
    return [*lines, *(_line(key, amount, said) for key, amount, said in known if amount is not None)]


def _data(basis: Basis) -> list[str]:
    plan, task = basis.plan, basis.goal.task
    lines = [
        "[data]",
        _line("source", source_text(basis.source, basis.folder)),
        _line("target", task.target, basis.goal.words),
    ]
    if task.kind == "binary":
        lines.append(_line("positive", task.positive, f"guessed: {basis.goal.why}" if basis.goal.why else ""))
    if plan.entity:
        lines.append(_line("entity", plan.entity, "guessed: who a record is about; see contract.toml"))
    if plan.split_by != "random":
        column = plan.time if plan.split_by == "time" else plan.entity
        lines.append(f"split_by = {{ {plan.split_by} = {_text(column)} }}  # guessed: {_plain(plan.split_why)}")
    if plan.segments:
        lines.append(f"# segments = {_texts(plan.segments)}  # groups to judge apart; these differ most in the target")
    if basis.tokens:
        texts = _texts(sorted({text for found in basis.tokens.values() for text in found}))
        where = _plain(listing(list(basis.tokens), 5))
        lines.append(f"missing = {texts}  # guessed: the only texts among the numbers of {where}")
    return lines


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
