"""`Cases`: the declared tests with their files read; what can't be meant is refused before anything is trained."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl

from mainstay.data.source import open_source, source_of
from mainstay.data.target import encode_target
from mainstay.errors import MainstayError, ProjectError
from mainstay.evaluation.behaviour.changes import is_number, is_text, refuse_value
from mainstay.evaluation.behaviour.scenario import read_scenarios
from mainstay.models.columns import label_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mainstay.contract import AnyColumn, Contract
    from mainstay.evaluation.behaviour.scenario import Case, Scenario
    from mainstay.evaluation.behaviour.settings import Cell, Change, Directional, Invariance, Minimum
    from mainstay.evaluation.settings import EvaluationSettings
    from mainstay.models.task import Task
    from mainstay.project import Project
    from mainstay.project.located import Located

T = TypeVar("T")
_SHOWN = 8


@dataclass(frozen=True)
class PlainCases:
    """A minimum-functionality test, read.

    Parameters
    ----------
    test : Minimum
        As declared.
    records : DataFrame, n rows
        Its records.
    expected : tuple of str or float
        What must be predicted for each, or decided where the test says `decision`.

    """

    test: Minimum
    records: pl.DataFrame
    expected: tuple[str | float, ...]


@dataclass(frozen=True)
class Cases:
    """The cases that people wrote.

    Parameters
    ----------
    plain : tuple of PlainCases
        Minimum functionality.
    scenarios : tuple of Scenario
        Incidents.

    """

    plain: tuple[PlainCases, ...] = ()
    scenarios: tuple[Scenario, ...] = ()


def read_cases(project: Project, settings: EvaluationSettings, contract: Contract, task: Task) -> Cases:
    """Read the cases that belong to a project, and hold every declared test against contract and target.

    Raises
    ------
    ProjectError
        Where a test names a column the contract doesn't have, a value it doesn't take, or a label nobody knows; or a
        file can't be read. It names file, line and key.

    """
    for place, invariance in enumerate(settings.invariance):
        _refuse_badly(project.file, "invariance", place, "change", partial(_check, invariance, contract))
    for place, directional in enumerate(settings.directional):
        _refuse_badly(project.file, "directional", place, "column", partial(_check_way, directional, contract, task))
    plain = []
    for place, minimum in enumerate(settings.minimum):
        key = "file" if minimum.file else "records"
        found = _refuse_badly(project.file, "minimum", place, key, partial(_read_plain, project, minimum, task))
        plain.append(found)
    scenarios = read_scenarios(project.root)
    for file, scenario in scenarios:
        for place, case in enumerate(scenario.cases):
            _check_case(file, place, case, contract, task)
    return Cases(tuple(plain), tuple(scenario for _, scenario in scenarios))


def _refuse_badly(file: Located, table: str, place: int, key: str, check: Callable[[], T]) -> T:
    """Do a check, and point at the line of what it refuses."""
    try:
        return check()
    except MainstayError as error:
        raise file.error(f"evaluation.{table}", "", error.message, error.cure, place=place, at=key) from None


def _check(test: Invariance, contract: Contract) -> None:
    column = _column(test.change.column, contract)
    _fits(column, test.change)
    for value in test.change.values if test.change.to != () else ():
        refuse_value(column, value)


def _check_way(test: Directional, contract: Contract, task: Task) -> None:
    if task.kind == "multiclass":
        raise ProjectError("expects a direction, and several classes have none.", "Declare an invariance instead.")
    column = _column(test.column, contract)
    if test.by and not is_number(column):
        raise ProjectError(f"adds {test.by:g} to '{column.name}', which is no number.", "Say to = … instead.")
    for value in test.values if not test.by else ():
        refuse_value(column, value)


def _column(name: str, contract: Contract) -> AnyColumn:
    if name in contract.feature_names:
        return contract.column(name)
    near = difflib.get_close_matches(name, contract.feature_names, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Features: {_listed(contract.feature_names)}."
    raise ProjectError(f"names '{name}', which is no feature of the contract: no answer depends on it.", hint)


def _fits(column: AnyColumn, change: Change) -> None:
    if change.noise and not is_number(column):
        raise ProjectError(f"puts noise on '{column.name}', which is no number.", "Say swap, or to = [...].")
    if change.typo and not is_text(column):
        raise ProjectError(f"misspells '{column.name}', which is no text.", "Say noise, swap, or to = [...].")


def _read_plain(project: Project, test: Minimum, task: Task) -> PlainCases:
    records = framed(test.records) if test.records else open_source(source_of(project.root / test.file)).whole()
    if not records.height:
        raise ProjectError("holds no records.", "Give at least one.")
    if test.decision:
        return PlainCases(test, records, (test.decision,) * records.height)
    if test.expect is not None:
        return PlainCases(test, records, (_answer(test.expect, task),) * records.height)
    if task.target not in records.columns:
        near = difflib.get_close_matches(task.target, records.columns, n=1)
        hint = f"Rename '{near[0]}'." if near else "Add that column, or say expect = … for all of them."
        raise ProjectError(f"has no column '{task.target}', so nobody knows what is right.", hint)
    truth = encode_target(records.get_column(task.target), task)
    if np.isnan(truth).any():
        row = int(np.flatnonzero(np.isnan(truth))[0])
        found = records.get_column(task.target)[row]
        raise ProjectError(f"says {found!r} for '{task.target}' in record {row + 1}, which is no answer.", "Mend it.")
    labels = _labels(task)
    expected = tuple(labels[int(code)] if labels else float(code) for code in truth)
    return PlainCases(test, records.drop(task.target), expected)


def framed(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Make a table of records as a caller would send them; values of different kinds in a column become texts."""
    names = dict.fromkeys(name for record in records for name in record)
    return pl.DataFrame([_series(name, [record.get(name) for record in records]) for name in names])


def _series(name: str, values: list[Any]) -> pl.Series:
    values = [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
    try:
        return pl.Series(name, values, strict=True)
    except TypeError:
        return pl.Series(name, [None if value is None else label_text(value) for value in values], dtype=pl.String)


def _check_case(file: Located, place: int, case: Case, contract: Contract, task: Task) -> None:
    known = (*contract.names, task.target)
    for name in case.record:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Columns: {_listed(known)}."
            raise file.error(
                "case", "", f"has a record with '{name}', which the contract doesn't have.", hint, place=place
            )
    if case.score is not None:
        _refuse_span(file, place, task)
    if case.prediction is not None:
        try:
            _answer(case.prediction, task)
        except ProjectError as error:
            raise file.error("case", "prediction", error.message, error.cure, place=place) from None


def _refuse_span(file: Located, place: int, task: Task) -> None:
    if task.kind == "multiclass":
        words = "is for one score, and several classes have one each."
        raise file.error("case", "score", words, "Say prediction or decision.", place=place)


def _answer(value: Cell, task: Task) -> str | float:
    """Give what must be predicted as the policy spells it."""
    labels = _labels(task)
    if not labels:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ProjectError(f"expects {value!r}, and '{task.target}' is an amount.", "Give a number.")
        return float(value)
    if label_text(value) not in labels:
        near = difflib.get_close_matches(label_text(value), labels, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"Labels: {_listed(labels)}."
        raise ProjectError(f"expects {value!r}, which is no label of '{task.target}'.", hint)
    return label_text(value)


def _labels(task: Task) -> tuple[str, ...]:
    """Give the labels by code; none of an amount."""
    return (task.negative, task.positive) if task.kind == "binary" else task.labels


def _listed(names: Iterable[str]) -> str:
    all_of = list(names)
    return ", ".join(all_of[:_SHOWN]) + (", …" if len(all_of) > _SHOWN else "")
