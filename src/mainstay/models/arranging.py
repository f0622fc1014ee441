"""Fitting a foreign model's own columns and codes to the contract's."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mainstay.errors import InputError
from mainstay.models.columns import label_text
from mainstay.models.frameworks.arranged import ArrangedModel, Header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.models.columns import Columns, EncodedColumn
    from mainstay.models.model import Model
    from mainstay.models.task import Task


def places_of(names: Sequence[str], n: int, columns: Columns) -> tuple[int, ...]:
    """Find the columns a foreign model was fitted on.

    Parameters
    ----------
    names : sequence of str
        What it calls them; empty where it doesn't know.
    n : int
        How many it takes.
    columns : Columns
        What the contract has.

    Returns
    -------
    tuple of int
        For each of them, its place in an encoded row.

    Raises
    ------
    InputError
        Where the contract lacks one, or there are no names and the numbers don't agree.

    """
    slots = columns.slot_names
    places = {_plain(name): place for place, name in enumerate(slots)}
    if names and all(_plain(name) in places for name in names):
        return tuple(places[_plain(name)] for name in names)
    if not names or _are_numbers(names):
        return _in_order(n, columns)
    absent = next(name for name in names if _plain(name) not in places)
    near = difflib.get_close_matches(absent, slots, n=1)
    hint = f"Is it '{near[0]}'? Call it so when fitting." if near else "Add it to contract.toml, or fit without it."
    raise InputError(f"The model was fitted on a column '{absent}', which no record has.", hint)


def _in_order(n: int, columns: Columns) -> tuple[int, ...]:
    if n != columns.width:
        raise InputError(
            f"The model takes {n} columns and doesn't know their names; a record has {columns.width} "
            f"({', '.join(columns.slot_names[:5])}, ...).",
            "Fit it on a frame with the columns of contract.toml.",
        )
    return tuple(range(n))


def demand_positive(order: tuple[int, ...], task: Task) -> None:
    """Refuse a model that gives one probability, and that of the other label.

    Raises
    ------
    InputError
        Naming both labels.

    """
    if task.kind == "binary" and order == (1, 0):
        raise InputError(
            f"The model gives the probability of '{task.negative}', and '{task.positive}' is what is asked for.",
            f"Fit it with '{task.positive}' as the second class, or say positive = \"{task.negative}\" in [data].",
        )


def codes_of(
    known: Mapping[int, Sequence[object]], take: Sequence[int], columns: Columns
) -> dict[int, tuple[float | None, ...]]:
    """Translate the contract's codes into a foreign model's own.

    Parameters
    ----------
    known : mapping of int to sequence
        For each of its places that holds a category, its labels in the order of its codes.
    take : sequence of int
        For each of its places, the place in an encoded row.
    columns : Columns
        What the contract has.

    Returns
    -------
    dict of int to tuple
        For each place that must be translated what the model calls each code of the contract; a label it doesn't know
        (and any other) is missing.

    Raises
    ------
    InputError
        Where it was fitted on numbers in place of labels, and nobody knows which.

    """
    at = dict(columns.places())
    found: dict[int, tuple[float | None, ...]] = {}
    for place, source in enumerate(take):
        column = at.get(source)
        if column is None or not column.labels:
            continue
        codes = _codes(column, known[place]) if place in known else _numbers(column)
        if column.kind == "category" or codes != (0.0, 1.0, None):
            found[place] = codes
    return found


def _codes(column: EncodedColumn, theirs: Sequence[object]) -> tuple[float | None, ...]:
    places = {label_text(label): float(code) for code, label in enumerate(theirs)}
    if not any(label_text(label) in places for label in column.labels):
        raise InputError(
            f"The model knows the labels {', '.join(map(repr, theirs[:3]))}, ... of '{column.name}', and none of the "
            f"contract's: {', '.join(map(repr, column.labels[:3]))}, ...",
            "Fit it on the labels as the table writes them.",
        )
    return (*(places.get(label_text(label)) for label in column.labels), None)


def _numbers(column: EncodedColumn) -> tuple[float | None, ...]:
    """Take labels that are numbers themselves for what the model was fitted on; yes and no for 1 and 0."""
    try:
        return (*(float(label) for label in column.labels), None)
    except ValueError:
        if column.kind == "boolean":
            return (0.0, 1.0, None)
        raise InputError(
            f"The model was fitted on numbers in place of the labels of '{column.name}', and nobody knows how they "
            "were numbered.",
            "Fit it on a frame whose column is of pandas' type category, or put a pipeline around it that does the "
            "numbering.",
        ) from None


def arrange(
    inner: Model,
    columns: Columns,
    take: tuple[int, ...],
    codes: Mapping[int, tuple[float | None, ...]],
    order: tuple[int, ...] = (),
) -> Model:
    """Arrange a model where it isn't arranged as the contract is."""
    kept = () if order == tuple(range(len(order))) else order
    if take == tuple(range(columns.width)) and not codes and not kept:
        return inner
    return ArrangedModel(inner, Header(columns.width, take, dict(codes), kept))


def _plain(name: str) -> str:
    return name.replace(" ", "_")  # as LightGBM writes it


def _are_numbers(names: Sequence[str]) -> bool:
    """Say whether names were made up by a library: f0, f1; Column_0, Column_1; 0, 1."""
    return all(name.removeprefix("Column_").removeprefix("f") == str(k) for k, name in enumerate(names))
