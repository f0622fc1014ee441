from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.errors import NotFoundError
from mainstay.events import Action, actions, encode_events, findings, found_since, log_actions, log_findings, show, tail
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.events import EventLog, Feedback, Prediction

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOUR = dt.timedelta(hours=1)
BEFORE = NOW - dt.timedelta(seconds=60)


def _action(name: str, at: dt.datetime = NOW) -> Action:
    return Action(id=name, model="churn", kind="alert", subject="drift/psi/tenure", at=at, by="me", message="It moved.")


def test_findings_come_back_with_their_window(log: EventLog) -> None:
    finding = Finding(measure="psi", where="tenure", value=0.3, ok=False, n=500, group="drift")
    log_findings(log, "churn", NOW, [finding], since=NOW - HOUR, until=NOW)
    assert findings(log) == [(NOW, finding)]
    (found,) = found_since(log, NOW, "churn")
    assert (found.since, found.until, found.model) == (NOW - HOUR, NOW, "churn")
    assert findings(log, model="other") == []
    assert findings(log, since=NOW + HOUR) == []


def test_actions_are_listed_in_order_of_time(log: EventLog) -> None:
    log_actions(log, [_action("b"), _action("a", NOW - HOUR)])
    assert [action.id for action in actions(log)] == ["a", "b"]
    assert [action.id for action in actions(log, since=NOW)] == ["b"]


def test_tail_gives_the_last_of_all_streams_and_writers(log: EventLog, prediction: Callable[..., Prediction]) -> None:
    first, second = log.writer("predictions", "a"), log.writer("predictions", "b")
    for i in range(40):
        writer = first if i % 2 else second
        writer.append(encode_events([prediction(id=str(i), at=BEFORE + dt.timedelta(seconds=i))]))
    log_actions(log, [_action("done", BEFORE + dt.timedelta(seconds=38, milliseconds=1))])
    assert [event.id for event in tail(log, 3)] == ["38", "done", "39"]  # type: ignore[union-attr]
    assert len(tail(log, 1000)) == 41


def test_tail_of_an_empty_log_is_empty(log: EventLog) -> None:
    assert tail(log) == []


def test_show_gives_the_prediction_its_shadow_and_its_feedback(
    log: EventLog, prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]
) -> None:
    answer = prediction(at=NOW)
    shadow = prediction(at=NOW + HOUR, role="shadow", answer=answer.id)
    told = feedback(answer.id, received=NOW + 2 * HOUR)
    log.append("predictions", [prediction(at=NOW), answer, shadow])
    log.append("feedback", [feedback("another"), told])
    assert show(log, answer.id) == [answer, shadow, told]
    with pytest.raises(NotFoundError, match="nothing by the id"):
        show(log, "no such id")
