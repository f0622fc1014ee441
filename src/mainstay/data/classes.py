"""Several classes: the labels of a target in their natural order, each with enough rows to be learned and judged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mainstay.data.words import count, listing, rows, short
from mainstay.errors import DataError
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MIN_PER_LABEL = 8
MOST_CLASSES = 50
_PIECES = re.compile(r"(\d+)")


def natural_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Order labels as a person would: numbers by what they are worth, texts by letter, numbers in them by worth.

    Examples
    --------
    >>> natural_order(["10", "9", "-1"]), natural_order(["grade 10", "grade 9", "A"])
    (('-1', '9', '10'), ('A', 'grade 9', 'grade 10'))

    """
    labels = list(labels)
    try:
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    except ValueError:
        return tuple(sorted(labels, key=_key))


def _key(label: str) -> tuple[list[tuple[int, int, str]], str]:
    pieces = [piece for piece in _PIECES.split(label.casefold()) if piece]
    return [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces], label


def classes_task(target: str, counts: Mapping[str, int]) -> tuple[Task, str]:
    """Make the task of a target with several classes; gives it with the labels and their counts in words.

    Parameters
    ----------
    target : str
        The column.
    counts : mapping of str to int
        Rows of each label, the commonest first.

    Raises
    ------
    DataError
        Where there are more than 50 labels, or some with fewer than 8 rows; names them.

    """
    if len(counts) > MOST_CLASSES:
        raise DataError(
            f"'{target}' has {count(len(counts))} different labels; at most {MOST_CLASSES} can be told apart.",
            "Join labels in the source, or name another target: each label is predicted by itself.",
        )
    rare = {label: n for label, n in counts.items() if n < MIN_PER_LABEL}
    if rare:
        told = listing([f"'{short(label)}' ({rows(n)})" for label, n in rare.items()], 5)
        raise DataError(
            f"Too few of {rows(sum(counts.values()))} have the {target} {told}; that can't be learned and judged.",
            f"Collect at least {MIN_PER_LABEL} rows of each label, or join rare labels with others in the source.",
        )
    seen = listing([f"{short(label)} in {rows(n)}" for label, n in counts.items()], 5)
    words = f"{len(counts)} labels: {seen}"
    return Task(kind="multiclass", target=target, labels=natural_order(counts)), words
