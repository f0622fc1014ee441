"""Drafting a project: `mainstay init` guesses what it can, and says next to each guess what it counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contract import FILE as CONTRACT_FILE
from mainstay.contract import Boolean, Category, Contract, loads
from mainstay.data.answers import Answers
from mainstay.data.facts import Facts
from mainstay.data.guess import Guess, guess_column
from mainstay.data.layout import Basis, contract_text, project_text
from mainstay.data.leaks import find_leaks
from mainstay.data.outline import Outline, outline
from mainstay.data.quarantine import write_whole
from mainstay.data.source import Table, read_table
from mainstay.data.target import choose_goal, encode_target, find_target
from mainstay.data.words import listing, rows
from mainstay.errors import DataError, InputError
from mainstay.measures.money import Cost, Money
from mainstay.project.project import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.data.leaks import Leak


@dataclass(frozen=True)
class Draft:
    """The two files of a new project, not yet written.

    Parameters
    ----------
    project_toml, contract_toml : str
        Their texts.
    notes : tuple of str
        The guesses worth reading before anything else, as sentences.
    regression : bool
        Whether the target is an amount; else it is a yes/no question.

    """

    project_toml: str
    contract_toml: str
    notes: tuple[str, ...]
    regression: bool


def draft_project(source: Path, target: str, folder: Path, answers: Answers | None = None) -> Draft:
    """Draft a project for a table; nothing is written.

    Parameters
    ----------
    source : Path
        A csv or parquet file. It stays where it is: the project points at it, by a relative path where it lies in or
        near the folder.
    target : str
        Column that holds the truth.
    folder : Path
        Where the project will be; its name becomes the model's.
    answers : Answers, optional
        What only a person knows.

    Raises
    ------
    DataError
        Where the source can't be read, the target isn't there, or nothing can be learned.
    InputError
        Where `folder` already holds a project.

    """
    _refuse_overwriting(folder)
    answers = answers or Answers()
    _demand_sound(answers)
    source = source.expanduser()
    table, tokens = _read(source)
    target = find_target(table.frame.columns, target, source.name)
    cells = table.frame[target]
    goal = choose_goal(cells, answers.positive)
    y = encode_target(cells, goal.task)
    facts = {name: Facts(table.frame[name]) for name in table.frame.columns if name != target}
    guesses = [guess_column(column, y) for column in facts.values()]
    leaks = suspect(guesses, facts, y, goal.task.kind)
    plan = outline(guesses, facts, leaks, y)
    contract = Contract(tuple(guess.column for guess in plan.guesses))
    if not contract.features:
        why = "; ".join(f"{guess.column.name}: {guess.why}" for guess in plan.guesses[:5])
        raise DataError(
            f"No column of {source.name} can be learned from ({why}).", "Give a table with at least one more."
        )
    basis = Basis(plan, goal, answers, source.resolve(), folder.expanduser().resolve(), table, tokens)
    text = contract_text(basis)
    if loads(text) != contract:
        raise DataError("The drafted contract doesn't read back as it was meant.", "Please report this as a bug.")
    return Draft(
        project_toml=project_text(basis),
        contract_toml=text,
        notes=_notes(plan, table, goal.words, goal.why, tokens),
        regression=goal.task.kind == "regression",
    )


def write_project(draft: Draft, folder: Path) -> tuple[Path, ...]:
    """Write a draft into `folder`, which is made where it isn't there; gives the paths of the two files.

    Raises
    ------
    InputError
        Where the folder already holds a project, or can't be written.

    """
    _refuse_overwriting(folder)
    contract, project = folder.expanduser() / CONTRACT_FILE, folder.expanduser() / FILE
    ignored = folder.expanduser() / ".gitignore"
    if not ignored.exists():
        write_whole(ignored, b"# this machine's books\n.mainstay/\n")
    write_whole(contract, draft.contract_toml.encode("utf-8"))
    write_whole(project, draft.project_toml.encode("utf-8"))
    return project, contract


def _demand_sound(answers: Answers) -> None:
    """Refuse amounts the project file would refuse, before anything is written."""
    try:
        Money(
            currency=answers.currency,
            value=answers.value,
            success_rate=1.0 if answers.success_rate is None else answers.success_rate,
            action_cost=answers.action_cost or 0.0,
            cost=Cost(under=answers.under, over=answers.over),
        )
    except ValueError as error:
        raise InputError(f"The money can't be meant so: {error}.", "Give it again, or leave it open.") from None


def suspect(guesses: Sequence[Guess], facts: dict[str, Facts], y: NDArray[np.float64], kind: str) -> tuple[Leak, ...]:
    """Find the leak suspects among the columns guessed to be features."""
    features = [guess.column for guess in guesses if guess.column.role == "feature"]
    known = ~np.isnan(y)
    if not features:
        return ()
    coded = [isinstance(column, Category | Boolean) for column in features]
    X = np.column_stack(
        [
            _codes(facts[c.name]) if by_label else facts[c.name].numbers
            for c, by_label in zip(features, coded, strict=True)
        ]
    )
    return find_leaks(X[known], [column.name for column in features], coded, y[known], kind)


def _codes(facts: Facts) -> NDArray[np.float64]:
    places = {value: float(place) for place, value in enumerate(sorted(facts.counts))}
    return np.array([np.nan if text is None else places[text] for text in facts.texts.to_list()])


def _read(source: Path) -> tuple[Table, dict[str, tuple[str, ...]]]:
    """Read the table, then again with the texts that stand for a missing value in columns of numbers."""
    table = read_table(source)
    tokens = {name: Facts(table.frame[name]).tokens for name in table.frame.columns}
    tokens = {name: found for name, found in tokens.items() if found}
    if not tokens:
        return table, {}
    return read_table(source, missing=sorted({text for found in tokens.values() for text in found})), tokens


def _refuse_overwriting(folder: Path) -> None:
    for name in (FILE, CONTRACT_FILE):
        if (folder.expanduser() / name).exists():
            raise InputError(
                f"{folder} already holds a project: {name} is there.",
                "Name another folder with --dir, or remove that file.",
            )
    if folder.expanduser().is_file():
        raise InputError(f"{folder} is a file, not a folder.", "Name another folder with --dir.")


def _notes(plan: Outline, table: Table, words: str, why: str, tokens: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    said = [
        f"{rows(table.frame.height)}, {table.frame.width} columns ({table.words})",
        f"target: {words}" + (f"; yes is {why}" if why else ""),
    ]
    if tokens:
        said.append(f"read as missing: {listing(sorted({repr(t) for found in tokens.values() for t in found}))}")
    said += [
        f"leak suspect, ignored: {leak.words}"
        if leak.label in leak.words
        else f"leak suspect, ignored: {leak.label}: {leak.words}"
        for leak in plan.leaks
    ]
    if plan.split_why:
        said.append(f"split by {plan.split_by}: {plan.split_why}")
    guilty = {name for leak in plan.leaks for name in leak.columns}
    left = [g.column.name for g in plan.guesses if g.column.role == "ignored" and g.column.name not in guilty]
    if left:
        said.append(f"ignored, see contract.toml for why: {listing(left)}")
    if table.skipped:
        said.append(f"left out, lists and bytes can't be fields of a record: {listing(table.skipped)}")
    return tuple(said)
