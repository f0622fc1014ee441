from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from mainstay.contract import BodyError
from mainstay.errors import RecordError
from mainstay.events import FeedbackReader
from mainstay.models.task import Task

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
BINARY = Task(kind="binary", target="Churn", positive="Yes", negative="No")
DIGITS = Task(kind="binary", target="default", positive="1", negative="0")
AMOUNT = Task(kind="regression", target="cnt")


def _read(task: Task, body: Any) -> Any:
    return FeedbackReader("m", task, max_records=3).decode(json.dumps(body).encode(), NOW)


def test_one_or_many() -> None:
    (one,) = _read(BINARY, {"id": "a", "label": "Yes"})
    assert (one.id, one.label, one.at, one.received) == ("a", "Yes", NOW, NOW)
    assert [told.id for told in _read(BINARY, [{"id": "a", "label": "No"}, {"id": "b", "followed": False}])] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    ("task", "given", "read"),
    [
        (BINARY, True, "Yes"),
        (BINARY, False, "No"),
        (DIGITS, 1, "1"),
        (DIGITS, 0.0, "0"),
        (DIGITS, "1", "1"),
        (AMOUNT, 17, 17.0),
        (AMOUNT, -0.5, -0.5),
    ],
)
def test_labels_are_read_by_the_task(task: Task, given: object, read: object) -> None:
    assert _read(task, {"id": "a", "label": given})[0].label == read


def test_a_time_keeps_its_moment() -> None:
    (told,) = _read(BINARY, {"id": "a", "label": "Yes", "at": "2026-11-22T10:00:00+02:00"})
    assert told.at == dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        ({"label": "Yes"}, "id", "is missing"),
        ({"id": "", "label": "Yes"}, "id", "128 characters"),
        ({"id": "p" * 129, "label": "Yes"}, "id", "128 characters"),
        ({"id": ["a"], "label": "Yes"}, "id", "must be the id"),
        ({"id": "a\nb", "label": "Yes"}, "id", "must be the id"),
        ({"id": "a"}, "label", "is missing"),
        ({"id": "a", "label": "maybe"}, "label", "must be 'Yes' or 'No'"),
        ({"id": "a", "label": ["Yes"]}, "label", "must be 'Yes' or 'No'"),
        ({"id": "a", "label": None, "kpis": {}}, "label", "is missing"),
        ({"id": "a", "lable": "Yes"}, "lable", "Did you mean 'label'"),
        ({"id": "a", "label": "Yes", "at": "yesterday"}, "at", "must be a time"),
        ({"id": "a", "label": "Yes", "at": 1e20}, "at", "must be a time"),
        ({"id": "a", "label": "Yes", "at": "2026-01-01T00:00:00"}, "at", "time zone"),
        ({"id": "a", "label": "Yes", "at": "9999-12-31T23:59:59Z"}, "at", "future"),
        ({"id": "a", "label": "Yes", "at": "0001-01-01T00:00:00+14:00"}, "at", "calendar"),
        ({"id": "a", "followed": "yes"}, "followed", "true or false"),
        ({"id": "a", "kpis": [1]}, "kpis", "object"),
        ({"id": "a", "kpis": {"revenue": "59"}}, "kpis.revenue", "number"),
        ({"id": "a", "kpis": {"": 1}}, "kpis", "name"),
        ({"id": "a", "kpis": {str(i): 1 for i in range(33)}}, "kpis", "at most 32"),
        ("a", "", "no feedback"),
    ],
)
def test_what_is_wrong_is_named(row: object, field: str, says: str) -> None:
    with pytest.raises(RecordError) as caught:
        _read(BINARY, [{"id": "good", "label": "Yes"}, row])
    (problem,) = caught.value.problems
    assert (problem.record, problem.field) == (1, field)
    assert says in problem.message


@pytest.mark.parametrize("amount", [True, "12", 10**400, None])
def test_an_amount_is_a_finite_number(amount: object) -> None:
    with pytest.raises(RecordError):
        _read(AMOUNT, {"id": "a", "label": amount})


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"id":"a","label":"Yes"} x'])
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises((BodyError, RecordError)):
        FeedbackReader("m", BINARY).decode(body, NOW)


@pytest.mark.parametrize(
    "body", [b'{"id":"a","label":"Yes","label":"No"}', b'[{"id":"b","label":"No"},{"id":"a","id":"b","label":"No"}]']
)
def test_a_field_that_is_there_twice_says_nothing(body: bytes) -> None:
    with pytest.raises(RecordError, match="twice"):
        FeedbackReader("m", BINARY).decode(body, NOW)


def test_whom_it_is_about_is_told_from_a_file() -> None:
    reader = FeedbackReader("m", BINARY, entity="customerID")
    for field in ("customerID", "entity"):
        with pytest.raises(RecordError) as caught:
            reader.decode(json.dumps({field: "c1", "label": "Yes"}).encode(), NOW)
        assert "mainstay feedback FILE" in caught.value.problems[0].message


def test_kpis_stand_in_one_order() -> None:
    one, other = _read(BINARY, [{"id": "a", "kpis": {"u": 1, "v": 2}}, {"id": "a", "kpis": {"v": 2, "u": 1}}])
    assert one.kpis == other.kpis


def test_too_many_are_refused() -> None:
    with pytest.raises(RecordError, match="at most 3"):
        _read(BINARY, [{"id": "a", "label": "Yes"}] * 4)
