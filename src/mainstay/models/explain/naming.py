"""How a feature and its value are called in a sentence: from the contract's names, labels, units and descriptions."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mainstay.contract import Boolean, Category, Datetime
from mainstay.render.numbers import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contract import AnyColumn, Contract
    from mainstay.models.explain.players import Player

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[^\W\d_][^\d_]*")
_SHORT = 5  # words of a description that can stand for a name
_LONGEST = 60
_CODES = re.compile(r"[A-Za-z]{0,3}_?\d+")
_ANSWERS = ("yes", "no", "not", "none", "other", "unknown", "true", "false", "missing")


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """Say a name as words.

    Examples
    --------
    >>> words_of("MonthlyCharges"), words_of("days_since_last_order"), words_of("PAY_0"), words_of("customerID")
    ('monthly charges', 'days since last order', 'PAY 0', 'customer ID')

    """
    parts = _HUMP.sub(" ", name.replace("_", " ").replace(".", " ")).split()
    return " ".join(part if part.isupper() else part.lower() for part in parts)[:_LONGEST] or name[:_LONGEST]


def called(column: AnyColumn) -> str:
    """Say how a column is called: its name as words; a short description where the name is only a code (``"V14"``)."""
    told = column.description.strip().rstrip(".")
    if told and _CODES.fullmatch(column.name) and len(told.split()) <= _SHORT:
        return told[:1].lower() + told[1:] if told[1:2].islower() else told
    return words_of(column.name)


def unknown(name: str) -> str:
    """Say that a value is missing.

    Examples
    --------
    >>> unknown("tenure"), unknown("monthly charges"), unknown("status")
    ("tenure isn't known", "monthly charges aren't known", "status isn't known")

    """
    return f"{name} {'aren' if is_plural(name) else 'isn'}'t known"


def is_plural(name: str) -> bool:
    """Guess whether a name is of several things."""
    return name.endswith("s") and not name.endswith(("ss", "us", "is"))


def valued(player: Player, value: Any, contract: Contract) -> str:
    """Say what a feature is in a record, as the subject of a sentence.

    Parameters
    ----------
    player : Player
        The feature.
    value : number, str, bool, time, list or None
        Its value; None where it is missing.
    contract : Contract
        Of the record: features derived from one of its labels (``"Contract_One year"``) are told by it.

    Returns
    -------
    str
        ``"Month-to-month contract"``, ``"tenure of 3 months"``, ``"partner (yes)"``, ``"charge isn't known, which"``.

    """
    column = player.column
    name = called(column)
    if column.width > 1:
        whole = player.end - player.first == column.width
        name = name if whole else f"{name}{player.name[len(column.name) :].replace(column.name, name)}"
        return name if value is not None else f"{unknown(name)}, which"
    if value is None:
        return f"{unknown(name)}, which"
    return _of_label(column, value, contract) or _of_kind(column, name, value)


def _of_kind(column: AnyColumn, name: str, value: Any) -> str:
    if isinstance(column, Category):
        label = _cut(str(value))
        if label not in map(_cut, column.values):
            return f"{name} '{label}' is a label the model doesn't know, which"
        return f"{label} {name}" if _describes(label) else f"{name} '{label}'"
    if isinstance(column, Boolean):
        return f"{name} ({'yes' if value else 'no'})"
    if isinstance(column, Datetime):
        return f"{name} {_moment(value)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{name} of {amount(float(value), column.unit, digits=6)}"
    return f"{name} '{_cut(str(value))}'"


def _of_label(column: AnyColumn, value: Any, contract: Contract) -> str:
    """Name a flag that feature code made of one label; empty where it is none."""
    if value not in (0, 1) or isinstance(column, Category):
        return ""
    for source, label in _labels(column.name, contract):
        there = _of_kind(source, called(source), label)
        return there if value else f"{called(source)} other than '{_cut(label)}'"
    return ""


def _labels(name: str, contract: Contract) -> Iterator[tuple[Category, str]]:
    """Find the category and the label a flag is called after: ``"Contract_One year"``, ``"Contract=One year"``."""
    for source in contract.features:
        if isinstance(source, Category) and name.startswith(source.name) and name != source.name:
            rest = name[len(source.name) :].lstrip("_=.: -")
            if rest in source.values:
                yield source, rest


def _describes(label: str) -> bool:
    """Say whether a label reads well before the name: words, and no answer to a question as "No internet" is."""
    return len(label) > 1 and _WORDS.fullmatch(label) is not None and label.split(maxsplit=1)[0].lower() not in _ANSWERS


def _moment(value: Any) -> str:
    moment = value if isinstance(value, dt.datetime) else None
    if moment is None:
        return _cut(str(value))
    return f"{moment:%Y-%m-%d}" if moment.time() == dt.time() else f"{moment:%Y-%m-%d %H:%M}"


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
