"""What `mainstay init` says at the terminal: the guesses worth reading before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contract import Category, Integer, Number
from mainstay.data.dialect import has_no_header
from mainstay.data.facts import Facts
from mainstay.data.outline import evidence_of
from mainstay.data.standins import labels_in_doubt, perhaps_number, suspects_among
from mainstay.data.target import as_amounts
from mainstay.data.words import count, listing, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from mainstay.data.layout import Basis

_FEW_NUMBERS = 12


def draft_notes(basis: Basis, facts: Mapping[str, Facts]) -> tuple[str, ...]:
    """Say what was found, as sentences.

    Parameters
    ----------
    basis : Basis
        What the draft is laid out from.
    facts : mapping of str to Facts
        The columns but the target.

    """
    return (*_of_table(basis), *_of_columns(basis, facts), *_left_out(basis))


def _of_table(basis: Basis) -> Iterator[str]:
    glimpse, goal = basis.glimpse, basis.goal
    yield glimpse.size
    yield f"target: {goal.words}" + (f"; yes is {goal.why}" if goal.why else "")
    cells = glimpse.frame[goal.task.target]
    if cells.null_count():
        yield f"{unlabelled(cells.null_count(), glimpse.frame.height, goal.task.target)}: nothing to learn, left out"
    doubt = perhaps_number(Facts(cells), target=True) if goal.task.kind == "regression" else ""
    if doubt:
        yield f"target: {doubt}"
    few = _few_numbers(cells) if goal.task.kind == "regression" else ""
    if few:
        yield few
    if basis.source.header and has_no_header(tuple(glimpse.frame.columns)):
        yield "the first line looks like data, not like names: if it is, start again with --no-header"
    yield from glimpse.remarks
    if basis.source.decimal:
        yield "numbers are written with a decimal comma, and read so"


def _few_numbers(cells: pl.Series) -> str:
    """Say that a target of few whole numbers may hold labels; empty where it hardly does."""
    amounts = as_amounts(cells).drop_nulls()
    distinct = amounts.n_unique()
    if distinct > _FEW_NUMBERS or not (amounts == amounts.round()).all():
        return ""
    return (
        f"target: only {distinct} different whole numbers, taken as amounts; if they are classes, start again with "
        "--classes (classes = true in [data])"
    )


def _of_columns(basis: Basis, facts: Mapping[str, Facts]) -> Iterator[str]:
    plan = basis.plan
    if basis.stand_ins.everywhere:
        yield f"read as missing: {basis.stand_ins.words}"
    doubts = [said for guess in plan.guesses for said in _doubts(basis, guess.column.name, facts)]
    if doubts:
        more = f" and in {len(doubts) - 6} more columns" if len(doubts) > 6 else ""
        yield f'perhaps not values but "not known", see contract.toml: {"; ".join(doubts[:6])}{more}'
    yield from (f"leak suspect, ignored: {evidence_of(leak)}" for leak in plan.leaks)
    if plan.split_why:
        by = " + ".join(plan.times) if plan.split_by == "time" else plan.split_by
        yield f"split by {by}: {plan.split_why}"
    for parts in plan.parts:
        columns = tuple(parts.columns.values())
        if columns != plan.times:
            yield f"a time split over columns: {' + '.join(columns)}"


def _doubts(basis: Basis, name: str, facts: Mapping[str, Facts]) -> Iterator[str]:
    """Name the values of a feature that may stand for a missing one."""
    column = next(guess.column for guess in basis.plan.guesses if guess.column.name == name)
    if column.role != "feature":
        return
    here = basis.stand_ins.here.get(name, ())
    if here and column.malformed == "allow":
        cells = sum(facts[name].counts.get(text, 0) for text in here)
        yield f"{name} holds {', '.join(map(repr, here))} ({rows(cells)}, read as missing)"
    if isinstance(column, Integer | Number):
        suspects = suspects_among(facts[name])
        if suspects:
            said = ", ".join(f"{value:.10g} ({rows(int((facts[name].numbers == value).sum()))})" for value in suspects)
            yield f"{name} holds {said}"
    elif isinstance(column, Category):
        doubted = labels_in_doubt(facts[name])
        if doubted:
            yield f"{name} holds " + ", ".join(f"'{text}' ({rows(n)})" for text, n in doubted.items())


def _left_out(basis: Basis) -> Iterator[str]:
    plan, glimpse = basis.plan, basis.glimpse
    twice = int(glimpse.frame.is_duplicated().sum())
    if twice:
        yield f"{rows(twice)} are there more than once, word for word"
    people = [guess.column.name for guess in plan.guesses if guess.column.sensitive or guess.column.personal]
    if people:
        yield f"about people, by their names: {listing(people)}; see contract.toml"
    guilty = {name for leak in plan.leaks for name in leak.columns}
    left = [g.column.name for g in plan.guesses if g.column.role == "ignored" and g.column.name not in guilty]
    if left:
        yield f"ignored, see contract.toml for why: {listing(left)}"
    if glimpse.skipped:
        yield f"left out, what lists and bytes hold isn't guessed (declare it as a tensor): {listing(glimpse.skipped)}"


def unlabelled(missing: int, of: int, target: str) -> str:
    """Say how many rows have no outcome.

    Examples
    --------
    >>> unlabelled(43, 300, "churned")
    '43 of 300 rows have no churned'

    """
    return f"{count(missing)} of {rows(of)} {'has' if missing == 1 else 'have'} no {target}"
