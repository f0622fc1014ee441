"""The target: which column it is, what is predicted, and which label counts as yes."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mainstay.data.classes import MIN_PER_LABEL, classes_task
from mainstay.data.dialect import has_no_header
from mainstay.data.words import count, listing, rows, short
from mainstay.errors import DataError
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_ROWS = 50
MOST_SPELLINGS = 50  # labels; more are an amount, or free text
MOST_STRAYS = 0.1  # share of cells that may be no number in a column of amounts; they are quarantined
_YES = ("yes", "true", "y", "t", "ja", "j", "oui", "si", "sí", "positive", "churned", "default", "fraud", "bad")


class Goal(msgspec.Struct, frozen=True):
    """What is predicted, with the words for why.

    Parameters
    ----------
    task : Task
        Kind, target and labels.
    words : str
        The labels or the range, with their counts.
    why : str
        Why this label counts as yes; empty where nothing was guessed.

    """

    task: Task
    words: str
    why: str = ""


def find_target(names: Sequence[str], target: str, source: str) -> str:
    """Give back the target's name where the column is there.

    Raises
    ------
    DataError
        Naming the nearest column, or saying that the file seems to have no header.

    """
    if not target:
        raise DataError(f"No target is named for {source}.", f"Name one of its columns: {listing(names)}.")
    if target in names:
        return target
    if has_no_header(tuple(names)):
        raise DataError(
            f"{source} has no column '{target}': its first line looks like data, not like names ({listing(names, 5)}).",
            f"Say --no-header (its columns are then column_1 to column_{len(names)}, or as --names a,b,... says) "
            "or add a header line.",
        )
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(target.casefold(), folded, n=1)
    hint = f"Did you mean '{folded[near[0]]}'?" if near else f"Its columns are: {listing(names)}."
    raise DataError(f"{source} has no column '{target}'.", hint)


def as_labels(cells: pl.Series) -> pl.Series:
    """Turn a target's cells into label texts: ``1`` and ``1.0`` are one label, truths are ``true`` and ``false``."""
    if cells.dtype == pl.Boolean:
        return cells.replace_strict({True: "true", False: "false"}, default=None, return_dtype=pl.String)
    amounts = as_amounts(cells)
    if amounts.null_count() > cells.null_count():
        return cells.cast(pl.String)
    whole = amounts.is_null() | ((amounts == amounts.round()) & (amounts.abs() < 2**53))
    return amounts.cast(pl.Int64).cast(pl.String) if whole.all() else amounts.cast(pl.String)


def as_amounts(cells: pl.Series) -> pl.Series:
    """Turn a target's cells into finite float64 amounts; null where a cell isn't one."""
    if cells.dtype.is_temporal():
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Float64)
    amounts = cells.cast(pl.Float64, strict=False)
    return pl.select(pl.when(amounts.is_finite()).then(amounts)).to_series().rename(cells.name)


def choose_goal(cells: pl.Series, positive: str = "", *, classes: bool = False) -> Goal:
    """Decide what is predicted from the target's cells.

    Two different labels make a yes/no question. More than two numbers make an amount, unless they are said to be
    labels; more than two texts make several classes.

    Parameters
    ----------
    cells : polars.Series
        The target; nulls are left out.
    positive : str
        Label that counts as yes; guessed where empty.
    classes : bool
        Whether numbers are labels.

    Raises
    ------
    DataError
        Where fewer than 50 rows or one label are there, a label has too few rows, or the positive label isn't there.

    """
    target, cells = cells.name, cells.drop_nulls()
    if len(cells) < MIN_ROWS:
        raise DataError(
            f"Only {rows(len(cells))} say what '{target}' was; at least {MIN_ROWS} are needed.",
            "Collect more rows; of answers in the event log, hand in more outcomes: mainstay feedback OUTCOMES.csv.",
        )
    _refuse_infinite(target, cells)
    labels = Counter(as_labels(cells).to_list())
    counts = dict(sorted(labels.items(), key=lambda pair: (-pair[1], pair[0])))
    if len(counts) == 1:
        only = next(iter(counts))
        raise DataError(
            f"Every row has the same '{target}': '{short(only)}'. There is nothing to learn.",
            "Give rows of both kinds, or name another target.",
        )
    _refuse_spellings(target, counts)
    if len(counts) == 2:
        return _yes_or_no(target, counts, positive)
    if positive:
        raise DataError(
            f"'{target}' has {len(counts)} different values ({_seen(counts)}), so 'positive' can't be set.",
            "Remove it from [data], or make a target with two labels.",
        )
    amounts = as_amounts(cells)
    strays = amounts.null_count() > MOST_STRAYS * len(cells) or amounts.n_unique() - bool(amounts.null_count()) < 3
    if classes or strays:
        return Goal(*classes_task(target, counts))
    return _amount(target, amounts.drop_nulls())


def _refuse_infinite(target: str, cells: pl.Series) -> None:
    """Refuse amounts that are infinite in more than a few rows; those of a few are left out, and counted."""
    if cells.dtype.is_temporal() or cells.dtype == pl.Boolean:
        return
    endless = int(cells.cast(pl.Float64, strict=False).is_infinite().sum())
    if endless > MOST_STRAYS * len(cells):
        raise DataError(
            f"'{target}' is infinite in {count(endless)} of {rows(len(cells))}: no amount can be learned from that.",
            "Find out what divides by zero, and leave those cells empty.",
        )


def _refuse_spellings(target: str, counts: dict[str, int]) -> None:
    """Refuse a target that writes one label in several ways: a model would learn to tell spellings apart."""
    if len(counts) > MOST_SPELLINGS:
        return
    ways: dict[str, list[str]] = {}
    for label in counts:
        ways.setdefault(" ".join(label.casefold().split()), []).append(label)
    if len(ways) < len(counts):
        twice = [" and ".join(f"'{short(label)}'" for label in one) for one in ways.values() if len(one) > 1]
        raise DataError(
            f"'{target}' writes one label in several ways: {'; '.join(twice)} ({_seen(counts)}).",
            "Write each label one way in the source.",
        )


def encode_target(cells: pl.Series, task: Task) -> NDArray[np.float64]:
    """Encode the target: 1 and 0 for the positive label and the other, the code of a label, or the amount; else NaN."""
    if task.kind == "regression":
        return as_amounts(cells).fill_null(np.nan).to_numpy().astype(np.float64)
    codes = as_labels(cells).replace_strict(codes_of(task), default=None, return_dtype=pl.Float64)
    return codes.fill_null(np.nan).to_numpy().astype(np.float64)


def codes_of(task: Task) -> dict[str, float]:
    """Give the code of each label: 0 and 1 of a yes/no question, else its place among the labels."""
    if task.kind == "binary":
        return {task.positive: 1.0, task.negative: 0.0}
    return {label: float(place) for place, label in enumerate(task.labels)}


def commonest(y: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    """Give a target as numbers whose means can be compared: of several classes whether it is the commonest one."""
    if task.kind != "multiclass":
        return y
    known = ~np.isnan(y)
    most = np.bincount(y[known].astype(np.int64)).argmax()
    return np.where(known, y == most, np.nan)


def stray_words(task: Task) -> str:
    """Say what is wrong with a cell of the target that can't be used."""
    words = {
        "binary": f"neither '{task.positive}' nor '{task.negative}'",
        "multiclass": f"none of the {len(task.labels)} labels",
        "regression": "not a number",
    }
    return words[task.kind]


def _yes_or_no(target: str, counts: dict[str, int], positive: str) -> Goal:
    total = sum(counts.values())
    if positive and positive not in counts:
        raise DataError(
            f"'{target}' never says '{positive}'; it says {_seen(counts)}.", "Set positive in [data] to one of the two."
        )
    rarest = min(counts.values())
    if rarest < MIN_PER_LABEL:
        label = min(counts, key=lambda name: counts[name])
        raise DataError(
            f"Only {rarest} of {rows(total)} have the {target} '{short(label)}'; that can't be learned and judged.",
            f"Collect at least {MIN_PER_LABEL} rows of each label.",
        )
    yes, why = (positive, "") if positive else _guess_positive(counts)
    no = next(label for label in counts if label != yes)
    share = f"{100 * counts[yes] / total:.1f} %"
    words = f"{short(yes)} in {count(counts[yes])} of {rows(total)} ({share}), {short(no)} in {count(counts[no])}"
    return Goal(Task(kind="binary", target=target, positive=yes, negative=no), words, why)


def _guess_positive(counts: dict[str, int]) -> tuple[str, str]:
    said = [label for label in counts if label.strip().casefold() in _YES]
    if set(counts) in ({"1", "0"}, {"1", "-1"}):
        said = ["1"]
    if len(said) == 1:
        return said[0], f"the label that reads as yes ('{said[0]}')"
    rarer = min(counts, key=lambda label: (counts[label], label))
    why = f"the rarer of the two ({count(counts[rarer])} of {rows(sum(counts.values()))})"
    if all(label.lstrip("-").isdecimal() for label in counts):
        other = next(label for label in counts if label != rarer)
        why += f"; {rarer} and {other} are codes, so look it up: --positive {other} is the other way round"
    return rarer, why


def _amount(target: str, amounts: pl.Series) -> Goal:
    low, mid, high = (float(v) for v in np.quantile(amounts.to_numpy(), [0, 0.5, 1]))
    words = f"{count(amounts.n_unique())} different numbers from {low:g} to {high:g}, median {mid:g}"
    return Goal(Task(kind="regression", target=target), words)


def _seen(counts: dict[str, int]) -> str:
    return listing([f"'{short(label)}' in {rows(n)}" for label, n in counts.items()], 5)
