from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from mainstay.contract import Category, Contract, Integer
from mainstay.events import Action, EventLog, EventsSettings, Kpi, Refusal, log_actions
from mainstay.events.read import read_feedback, read_predictions, read_refusals
from mainstay.events.sampling import is_kept
from mainstay.events.window import take_window
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mainstay.events import Feedback, Prediction

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOUR = dt.timedelta(hours=1)


def test_predictions_come_back_typed(log: EventLog, contract: Contract, prediction: Callable[..., Prediction]) -> None:
    log.append("predictions", [prediction(at=NOW), prediction(at=NOW, features={"tenure": None}, warnings=("w",))])
    frame = read_predictions(log, contract)
    assert frame.columns[:3] == ["id", "time", "model"]
    assert frame["f:tenure"].to_list() == [3, None]
    assert frame["f:charge"].to_list() == [19.5, None]
    assert frame["latency_us"].to_list() == [21.0, 21.0]
    assert frame["degraded"].to_list() == [False, False]
    assert frame["warnings"].to_list() == [[], ["w"]]
    assert frame["time"].to_list() == [NOW, NOW]


def test_what_a_retry_logged_again_is_read_once(
    log: EventLog, contract: Contract, task: Task, prediction: Callable[..., Prediction]
) -> None:
    first, other = prediction(at=NOW - HOUR / 2), prediction(at=NOW - HOUR / 2)
    again = prediction(id=first.id, at=NOW - HOUR / 4, version=2, score=0.9)
    shadows = [
        prediction(at=NOW - HOUR / 4, role="shadow", answer=answer, version=version)
        for answer, version in ((first.id, 3), (first.id, 3), (first.id, 4), (other.id, 3))
    ]
    log.append("predictions", [first, shadows[0], other, again, *shadows[1:]])
    frame = take_window(log, contract, task, NOW - HOUR, NOW).frame
    assert frame["id"].to_list() == [each.id for each in (first, other, shadows[0], *shadows[2:])]
    assert frame["score"].to_list()[0] == first.score


def test_an_empty_log_is_an_empty_window(log: EventLog, contract: Contract, task: Task) -> None:
    window = take_window(log, contract, task, NOW - HOUR, NOW)
    assert window.frame.height == 0
    assert {"id", "label", "label_at", "f:tenure"} <= set(window.frame.columns)
    assert window.feedback.labelled == 0


def test_the_span_is_half_open(
    log: EventLog, contract: Contract, task: Task, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction(at=NOW - HOUR), prediction(at=NOW)])
    window = take_window(log, contract, task, NOW - HOUR, NOW)
    assert window.frame["time"].to_list() == [NOW - HOUR]


def test_the_latest_truth_counts_whatever_the_order_of_arrival(
    log: EventLog,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answers = [prediction(at=NOW) for _ in range(4)]
    log.append("predictions", answers)
    corrected, repeated, tied, _untold = (answer.id for answer in answers)
    log.append(
        "feedback",
        [
            feedback(corrected, "No", at=NOW + HOUR, received=NOW),
            feedback(corrected, "Yes", at=NOW, received=NOW + HOUR),  # older truth, arrives later
            feedback(repeated, "Yes", at=NOW, received=NOW),
            feedback(repeated, "Yes", at=NOW, received=NOW),
            feedback(tied, "No", at=NOW, received=NOW),
            feedback(tied, "Yes", at=NOW, received=NOW),
            feedback(tied, None, at=NOW, received=NOW, followed=True),
            feedback("never heard of", "Yes"),
            feedback("never heard of", "Yes"),
        ],
    )
    window = take_window(log, contract, task, NOW, NOW + HOUR)
    assert window.frame["label"].to_list() == [0.0, 1.0, 1.0, None]
    assert window.frame["followed"].to_list() == [None, None, True, None]
    assert window.frame["label_at"][0] == NOW + HOUR
    tally = window.feedback
    assert (tally.labelled, tally.repeated, tally.corrected, tally.unknown) == (3, 1, 2, 1)


def test_the_truth_as_it_was_known(
    log: EventLog,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answer = prediction(at=NOW)
    log.append("predictions", [answer])
    log.append("feedback", [feedback(answer.id, "No", at=NOW, received=NOW)])
    log.append("feedback", [feedback(answer.id, "Yes", at=NOW + HOUR, received=NOW + HOUR)])
    then = take_window(log, contract, task, NOW, NOW + HOUR, known_at=NOW + HOUR / 2)
    later = take_window(log, contract, task, NOW, NOW + HOUR)
    assert then.frame["label"].to_list() == [0.0]
    assert later.frame["label"].to_list() == [1.0]


def test_a_shadow_shares_the_truth_of_its_answer(
    log: EventLog,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answer = prediction(at=NOW)
    log.append("predictions", [answer, prediction(at=NOW, role="shadow", answer=answer.id)])
    log.append("feedback", [feedback(answer.id)])
    window = take_window(log, contract, task, NOW, NOW + HOUR)
    assert window.frame["label"].to_list() == [1.0, 1.0]
    assert window.feedback.labelled == 1


def test_amounts_are_numbers(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]
) -> None:
    answer = prediction(at=NOW, score=12.0, prediction=12.0, decision=13.5)
    log.append("predictions", [answer])
    log.append("feedback", [feedback(answer.id, 11.0)])
    window = take_window(log, contract, Task(kind="regression", target="cnt"), NOW, NOW + HOUR)
    assert window.frame.select("prediction", "decision", "label").rows() == [(12.0, 13.5, 11.0)]


def test_a_model_sees_its_own_events_alone(
    log: EventLog, contract: Contract, task: Task, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction(at=NOW), prediction(at=NOW, model="other")])
    assert take_window(log, contract, task, NOW, NOW + HOUR, model="other").frame["model"].to_list() == ["other"]


def test_damaged_lines_are_counted_and_harm_no_other(
    log: EventLog, contract: Contract, task: Task, prediction: Callable[..., Prediction]
) -> None:
    good = [prediction(at=NOW), prediction(at=NOW)]
    log.append("predictions", [good[0], prediction(at=NOW), good[1]])
    log.close()
    (path,) = log.segments("predictions")
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"{", b"(", 1)
    path.write_bytes(b"\n".join(lines) + b'{"event.id":"torn')
    window = take_window(log, contract, task, NOW, NOW + HOUR)
    assert window.frame["id"].to_list() == [answer.id for answer in good]
    assert window.torn == 2


def test_a_feature_that_changed_its_type_is_null_not_a_failure(
    log: EventLog, prediction: Callable[..., Prediction]
) -> None:
    log.append("predictions", [prediction(features={"tenure": "three", "plan": "basic"}), prediction()])
    newer = Contract((Integer(name="tenure"), Category(name="plan", values=("basic",))))
    frame = read_predictions(log, newer)
    assert frame["f:tenure"].to_list() == [None, 3]
    assert frame["f:plan"].to_list() == ["basic", "basic"]


def test_refusals_are_read(log: EventLog) -> None:
    refusal = Refusal(id="r", at=NOW, model="churn", status=422, cause="fields", fields=("tenure",), problems=1)
    log.append("refusals", [refusal, Refusal(id="s", at=NOW, model="churn", status=400, cause="syntax")])
    frame = read_refusals(log)
    assert frame.select("status", "fields").rows() == [(422, ["tenure"]), (400, [])]


def test_shuffled_and_doubled_feedback_gives_the_same_window(
    log: EventLog,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answers = [prediction(at=NOW) for _ in range(20)]
    told = [feedback(a.id, "Yes" if i % 3 else "No", at=NOW + HOUR * i, received=NOW) for i, a in enumerate(answers)]
    log.append("predictions", answers)
    log.append("feedback", told)
    before = take_window(log, contract, task, NOW, NOW + HOUR).frame
    log.append("feedback", told[::-1])
    assert_frame_equal(take_window(log, contract, task, NOW, NOW + HOUR).frame, before)


@pytest.mark.parametrize("kind", ["alert", "resolve"])
def test_streams_do_not_mix(log: EventLog, contract: Contract, kind: str) -> None:
    log_actions(log, [Action(id="1", model="m", kind=kind, subject="s", at=NOW, by="b", message="m")])  # type: ignore[arg-type]
    assert read_predictions(log, contract).height == 0


def test_only_the_columns_asked_for_are_read(
    log: EventLog, contract: Contract, prediction: Callable[..., Prediction], feedback: Callable[..., Feedback]
) -> None:
    made = prediction(at=NOW)
    log.append("predictions", [made, made, prediction(at=NOW, model="other")])
    log.append("feedback", [feedback(made.id)])
    whole = read_predictions(log, contract, model="churn")
    asked = ["f:charge", "latency_us", "score", "degraded", "id"]
    some = read_predictions(log, contract, model="churn", columns=[*asked, "f:unknown"])
    assert some.columns == asked
    assert_frame_equal(some, whole.select(asked))
    assert read_feedback(log, model="churn", columns=["label", "id"]).rows() == [("Yes", made.id)]


def test_feedback_about_answers_that_sampling_left_out_is_no_riddle(
    tmp_path: Path,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    log = EventLog(tmp_path / "sampled", EventsSettings(mode="sample", rate=0.5))
    begun = dt.datetime.now(dt.UTC) - HOUR
    answers = [prediction(at=dt.datetime.now(dt.UTC)) for _ in range(40)]
    kept = [answer for answer in answers if is_kept(answer.id, 0.5)]
    log.append("predictions", kept)
    log.append("feedback", [feedback(answer.id) for answer in answers] + [feedback("never heard of")])
    tally = take_window(log, contract, task, begun, begun + 2 * HOUR).feedback
    assert (tally.labelled, tally.unsampled, tally.unknown) == (len(kept), 40 - len(kept), 1)


def test_feedback_may_come_before_its_prediction(
    log: EventLog,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answer = prediction(at=NOW)
    log.append("feedback", [feedback(answer.id, "No", received=NOW - HOUR)])
    log.append("predictions", [answer])
    assert take_window(log, contract, task, NOW, NOW + HOUR).frame["label"].to_list() == [0.0]


def test_kpis_are_replaced_not_added(
    log: EventLog,
    contract: Contract,
    task: Task,
    prediction: Callable[..., Prediction],
    feedback: Callable[..., Feedback],
) -> None:
    answer, other = prediction(at=NOW), prediction(at=NOW)
    log.append("predictions", [answer, other])
    paid = Kpi("revenue", 59.0)
    lines = [feedback(answer.id, None, at=NOW, received=NOW + HOUR * hours, kpis=(paid,)) for hours in (0, 1)]
    more = feedback(answer.id, None, at=NOW + HOUR, received=NOW, kpis=(Kpi("revenue", 60.0), Kpi("stars", 4.0)))
    strange = feedback("never heard of", None, kpis=(paid,))
    log.append("feedback", [*lines, strange, lines[0]])
    assert take_window(log, contract, task, NOW, NOW + HOUR).kpis.rows() == [(answer.id, "revenue", 59.0)]
    log.append("feedback", [more])
    found = take_window(log, contract, task, NOW, NOW + HOUR).kpis.rows()
    assert found == [(answer.id, "revenue", 60.0), (answer.id, "stars", 4.0)]
