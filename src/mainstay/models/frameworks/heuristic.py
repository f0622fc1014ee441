"""Rules as a model: the first that holds says the score. They are data, so they need no trust.

``heuristic.toml`` of a project::

    otherwise = 0.1                                          # where no rule holds
    [[rule]]
    when = "Contract == 'Month-to-month' and tenure < 12"
    score = 0.6

A score is a probability, an amount (a number or an expression over columns), or of several classes a table of them, or
one label. With it a model can be released, served and logged before anything is learned (Zinkevich, Rules of Machine
Learning, rule 1).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np

from mainstay.errors import MainstayError, ProjectError
from mainstay.measures.expression import kind_of, parse
from mainstay.models.answers import labels_of
from mainstay.models.columns import Columns
from mainstay.models.files import HEADER, damaged, decode, write_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.measures.expression import Kind, Value
    from mainstay.models.adopting import Adopter
    from mainstay.models.model import Score
    from mainstay.models.task import Task

    Floats = NDArray[np.float64]
    Record = Mapping[str, Value | None]

FILE = "heuristic.toml"
Said = float | str | dict[str, float]


@dataclass(frozen=True)
class Text:
    """The text of rules, before it is known what they may speak of."""

    content: bytes
    name: str = FILE


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule: where `when` holds, `score` is the answer."""

    when: str
    score: Said


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``heuristic.toml``: the rules in order, and what is said where none holds."""

    otherwise: Said
    rule: tuple[Rule, ...] = ()


class Header(msgspec.Struct, frozen=True):
    """``model.json`` of rules: all of them.

    Parameters
    ----------
    columns : Columns
        What a row is turned back into.
    rules : Rules
        As they were written.
    labels : tuple of str
        Of several classes, in the order of the scores; else empty.

    """

    columns: Columns
    rules: Rules
    labels: tuple[str, ...] = ()
    framework: str = "heuristic"


@dataclass(frozen=True)
class HeuristicModel:
    """Rules over the columns of a record: the first that holds says the score.

    A rule that can't be told, because a value it speaks of is missing, doesn't hold; neither does one whose amount
    can't be told.

    Parameters
    ----------
    header : Header
        Columns and rules.

    Examples
    --------
    >>> from mainstay.contract import Contract, Number
    >>> rules = Rules(0.1, (Rule("tenure < 12", 0.6),))
    >>> model = HeuristicModel(Header(Columns.of(Contract((Number(name="tenure"),))), rules))
    >>> model.scores(np.array([[3.0], [30.0], [np.nan]])).tolist()
    [0.6, 0.1, 0.1]

    """

    header: Header
    framework: str = "heuristic"

    def scores(self, X: Floats) -> Floats:
        """Score encoded rows of shape (n, width); returns shape (n,), of several classes (n, k)."""
        if not len(X):
            return np.empty((0, len(self.header.labels)) if self.header.labels else 0)
        return np.asarray([self.score_one(row) for row in X], dtype=np.float64)

    def score_one(self, row: Floats) -> Score:
        """Score one encoded row of shape (width,)."""
        record = cast("Record", self._columns.record(row))  # no rule can speak of a tensor
        for holds, answer in self._steps:
            if holds(record) is True and (said := answer(record)) is not None:
                return said
        return self._otherwise

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""
        write_header(folder, self.header)

    @cached_property
    def _columns(self) -> Columns:
        return self.header.columns.truths

    @cached_property
    def _steps(self) -> tuple[tuple[Callable[[Record], object], Callable[[Record], Score | None]], ...]:
        rules = self.header.rules.rule
        return tuple((parse(one.when).evaluate, _answer(one.score, self.header.labels)) for one in rules)

    @cached_property
    def _otherwise(self) -> Score:
        return _constant(self.header.rules.otherwise, self.header.labels)


def load(folder: Path, header: bytes) -> HeuristicModel:
    """Read rules."""
    found = decode(folder, header, Header)
    try:
        for one in found.rules.rule:
            kind_of(parse(one.when).root, _kinds(found.columns))
    except MainstayError as error:
        raise damaged(folder / HEADER, error.message) from None
    return HeuristicModel(found)


def adopters() -> Mapping[type, Adopter]:
    """Give what makes models of rules."""
    return {Text: lambda text, columns, task: read_rules(text.content, columns, task, text.name)}


def read_rules(content: bytes, columns: Columns, task: Task, name: str = FILE) -> HeuristicModel:
    """Read ``heuristic.toml``.

    Parameters
    ----------
    content : bytes
        The file.
    columns : Columns
        What the rules may speak of.
    task : Task
        What they answer.
    name : str
        What to call the file in errors.

    Raises
    ------
    ProjectError
        Naming the rule, what is wrong about it, and the cure.

    """
    try:
        rules = msgspec.convert(tomllib.loads(content.decode()), type=Rules)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{name} can't be read: {error}.", "Mend that line.") from None
    except msgspec.ValidationError as error:
        cure = 'It holds otherwise = SCORE first, then [[rule]] tables of when = "..." and score = SCORE.'
        raise ProjectError(f"{name}: {error}.", cure) from None
    for place, one in enumerate(rules.rule, start=1):
        _demand_truth(one.when, columns, f"{name}, rule {place}")
        _demand_answer(one.score, columns, task, f"{name}, rule {place}")
    labels = labels_of(task)
    if not labels and isinstance(rules.otherwise, str):
        raise ProjectError(f"{name}, otherwise: it is {rules.otherwise!r}.", "Give a number: it is what is said last.")
    _demand_answer(rules.otherwise, columns, task, f"{name}, otherwise")
    return HeuristicModel(Header(columns, rules, labels if len(labels) > 2 else ()))


def _kinds(columns: Columns) -> dict[str, Kind]:
    """Say what an expression may take each column for: times and tensors are left out."""
    kinds: dict[str, Kind] = {"number": "number", "integer": "number", "boolean": "truth", "category": "text"}
    return {column.name: kinds[column.kind] for column in columns.all if column.kind in kinds}


def _demand_truth(text: str, columns: Columns, where: str) -> None:
    try:
        found = kind_of(parse(text).root, _kinds(columns))
    except MainstayError as error:
        raise ProjectError(f"{where}: {error.message}", error.cure) from None
    if found != "truth":
        raise ProjectError(f"{where}: '{text}' is neither true nor false.", "Compare it with something.")


def _demand_answer(said: Said, columns: Columns, task: Task, where: str) -> None:
    labels = labels_of(task)
    if not labels:
        _demand_amount(said, columns, where)
    elif len(labels) > 2:
        _demand_shares(said, labels, where)
    elif not (isinstance(said, float) and 0 <= said <= 1):
        raise ProjectError(f"{where}: the score is {said!r}.", f"Give the probability of '{task.positive}', 0 to 1.")


def _demand_shares(said: Said, labels: tuple[str, ...], where: str) -> None:
    shares = {said: 1.0} if isinstance(said, str) else said
    if not isinstance(shares, dict) or not set(shares) <= set(labels):
        raise ProjectError(f"{where}: the score is {said!r}.", f"Give a label or a table of them: {', '.join(labels)}.")
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0:
        raise ProjectError(f"{where}: the probabilities sum to {sum(shares.values()):g}.", "They must sum to 1.")


def _demand_amount(said: Said, columns: Columns, where: str) -> None:
    if isinstance(said, float) and np.isfinite(said):
        return
    if not isinstance(said, str):
        raise ProjectError(f"{where}: the score is {said!r}.", "Give an amount, or an expression over columns.")
    try:
        found = kind_of(parse(said).root, _kinds(columns))
    except MainstayError as error:
        raise ProjectError(f"{where}: {error.message}", error.cure) from None
    if found != "number":
        raise ProjectError(f"{where}: '{said}' is no amount.", "Give a number, or an expression that comes to one.")


def _answer(said: Said, labels: tuple[str, ...]) -> Callable[[Record], Score | None]:
    if isinstance(said, str) and not labels:
        evaluate = parse(said).evaluate
        return lambda record: _amount(evaluate(record))
    constant = _constant(said, labels)
    return lambda _record: constant


def _constant(said: Said, labels: tuple[str, ...]) -> Score:
    if isinstance(said, dict):
        return np.asarray([said.get(label, 0.0) for label in labels])
    return np.asarray([float(label == said) for label in labels]) if isinstance(said, str) else float(said)


def _amount(value: object) -> float | None:
    return float(value) if isinstance(value, float) and np.isfinite(value) else None
