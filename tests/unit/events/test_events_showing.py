"""`events tail` and `events show`: what the log holds, seen by people; who looked is on record."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from mainstay.cli.program import main
from mainstay.errors import NotFoundError
from mainstay.events import Access, Feedback, IdMaker, Kpi, Prediction, Refusal, open_log, tail
from mainstay.events.read import read_feedback
from mainstay.events.segments import remove_segment
from mainstay.events.showing import show_events, shown_document
from mainstay.events.table.shipping import ship
from mainstay.events.truth import kpis, truth
from mainstay.render.markdown import to_markdown
from mainstay.serving.testing import TINY_CONTRACT, TINY_TASK, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.project import Project

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
make = IdMaker()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return tiny_project(tmp_path)


def _answer(**changes: Any) -> Prediction:
    plain: dict[str, Any] = {
        "id": make(),
        "at": NOW,
        "model": "churn",
        "version": 3,
        "role": "champion",
        "score": 0.71,
        "prediction": "Yes",
        "decision": "offer",
        "features": {"tenure": 3, "charge": 500.0, "plan": None},
        "duration": 1_400_000,
    }
    return Prediction(**(plain | changes))


def _told(name: str, **changes: Any) -> Feedback:
    plain: dict[str, Any] = {"id": name, "event": make(), "model": "churn", "received": NOW, "at": NOW}
    return Feedback(**(plain | changes))


def _log(project: Project, *events: Prediction | Feedback | Refusal) -> None:
    log = open_log(project)
    log.append("predictions", [event for event in events if isinstance(event, Prediction)])
    log.append("feedback", [event for event in events if isinstance(event, Feedback)])
    log.append("refusals", [event for event in events if isinstance(event, Refusal)])
    log.close()


def _run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        main(words)
        code = 0
    except SystemExit as leave:
        code = int(leave.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_everything_about_an_answer_is_in_one_view(project: Project) -> None:
    answer = _answer(
        raw={"charge": 900},
        degraded=True,
        warnings=("charge: 900 is above 500; 500 is used",),
        control=True,
        decision="none",
        intended="offer",
        consumer="shop",
        trace="4bf92f3577b34da6a3ce929d0e0e4736",
        entity="f0c9",
    )
    shadow = _answer(role="shadow", answer=answer.id, version=4, score=0.4321)
    _log(project, _answer(), answer, shadow, _told(answer.id, label="Yes"), _told("another", label="No"))
    shown = show_events(project, answer.id, by="ana")
    (only,) = shown.answers
    assert (shown.kind, only.answer, only.shadows, only.label) == ("answer", answer, (shadow,), "Yes")
    assert only.files[0].startswith("predictions/")
    page = to_markdown(shown_document(shown))
    for word in ("0.71", "900", "shop", "4bf92f3577b34da6a3ce929d0e0e4736", "f0c9", "0.4321", "counts", "tenure"):
        assert word in page
    assert "never acted on; would have been decided: offer" in page
    assert only.files[0] in page


def test_what_counts_as_truth_is_what_windows_count(project: Project) -> None:
    answer, day = _answer(), dt.timedelta(days=1)
    told = [
        _told(answer.id, label="Yes", at=NOW - day, received=NOW),
        _told(answer.id, label="No", at=NOW, received=NOW + day, kpis=(Kpi("revenue", 5.0), Kpi("visits", 1.0))),
        _told(answer.id, label="Yes", at=NOW - 2 * day, received=NOW + 2 * day),
        _told(answer.id, at=NOW + day, received=NOW + 3 * day, kpis=(Kpi("revenue", 7.0),), followed=False),
    ]
    _log(project, answer, *told)
    (only,) = show_events(project, answer.id, by="ana").answers
    frame = read_feedback(open_log(project))
    assert truth(frame, TINY_TASK).row(0, named=True)["label"] == 0.0
    assert (only.label, only.counts, only.followed) == ("No", told[1].event, False)
    assert only.kpis == {name: value for _, name, value in kpis(frame).iter_rows()} == {"revenue": 7.0, "visits": 1.0}
    assert [each.event for each in only.feedback] == [each.event for each in told]


def test_ids_of_requests_shadows_feedback_and_refusals_work_too(project: Project) -> None:
    first, second = (_answer(request="from-the-caller") for _ in range(2))
    shadow = _answer(role="shadow", answer=second.id)
    told = _told(second.id, label="Yes")
    refusal = Refusal(id=make(), at=NOW, model="churn", status=422, cause="fields", fields=("tenure",))
    _log(project, first, second, shadow, told, refusal)
    found = {each: show_events(project, each, by="ana") for each in ("from-the-caller", shadow.id, told.event)}
    assert [shown.kind for shown in found.values()] == ["request", "shadow", "feedback"]
    of = found["from-the-caller"].answers
    assert [(one.id, one.label, len(one.shadows)) for one in of] == [
        (first.id, None, 0),
        (second.id, "Yes", 1),
    ]
    for name in (shadow.id, told.event):
        (only,) = found[name].answers
        assert (only.answer, only.shadows, only.feedback) == (second, (shadow,), (told,))
    shown = show_events(project, refusal.id, by="ana")
    assert (shown.kind, shown.others) == ("refusal", (refusal,))
    assert "422 fields: tenure" in to_markdown(shown_document(shown))


def test_what_is_in_the_table_by_now_is_shown_as_what_is_not(project: Project) -> None:
    answer = _answer(raw={"charge": "900"}, features={"tenure": 3, "charge": 500.0, "plan": "basic"})
    told = _told(answer.id, label="Yes")
    _log(project, answer, told)
    before = show_events(project, answer.id, by="ana")
    log = open_log(project)
    ship(log, contract_of=lambda _: TINY_CONTRACT)
    for stream in ("predictions", "feedback"):
        for path in log.segments(stream):
            remove_segment(path)
    log.append("feedback", [later := _told(answer.id, label="No", received=NOW + dt.timedelta(hours=1))])
    log.close()
    (only,) = show_events(project, answer.id, by="ana").answers
    assert only.answer == before.answers[0].answer == answer
    assert (only.feedback, only.label) == ((told, later), "No")
    assert "table" in only.files[0]
    assert answer in tail(open_log(project), 10)


def test_a_request_of_many_records_is_laid_out_as_far_as_anybody_reads(project: Project) -> None:
    answers = [_answer(request="many", score=place / 100) for place in range(100)]
    _log(project, *answers)
    shown = show_events(project, "many", by="ana")
    assert [each.id for each in shown.answers] == [each.id for each in answers]
    assert "Its other 95 answers" in to_markdown(shown_document(shown))


def test_feedback_about_an_answer_that_is_not_in_the_log_is_shown(project: Project) -> None:
    _log(project, _told("stranger", label="Yes"))
    (only,) = show_events(project, "stranger", by="ana").answers
    assert (only.answer, only.label) == (None, "Yes")


def test_who_looked_is_written_down_first(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    answer = _answer()
    _log(project, answer)
    show_events(project, answer.id, by="ana")
    (access,) = tail(open_log(project), 5, ("audit",))
    assert isinstance(access, Access)
    assert (access.kind, access.by, access.subject, access.events) == ("show", "ana", answer.id, 1)
    code, out, _ = _run(["events", "tail", "--stream", "audit", "--project", str(project.root)], capsys)
    assert code == 0
    assert f"show by ana: {answer.id}, 1 event" in out


def test_an_unknown_id_is_told_with_the_cure(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotFoundError, match="holds nothing by the id 'nowhere'"):
        show_events(project, "nowhere", by="ana")
    code, _, err = _run(["events", "show", 'no"where\n', "--project", str(project.root)], capsys)
    assert code == 2
    assert "mainstay events tail" in err
    assert tail(open_log(project), 5, ("audit",)) == []


def test_show_as_json_has_the_lines_as_they_are(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    answer = _answer()
    _log(project, answer, _told(answer.id, label="Yes"))
    code, out, _ = _run(["events", "show", answer.id, "--json", "--project", str(project.root)], capsys)
    said = json.loads(out)
    assert code == 0
    assert said["kind"] == "answer"
    assert said["answers"][0]["label"] == "Yes"
    assert said["answers"][0]["answer"]["mainstay.features"] == {"tenure": 3, "charge": 500.0, "plan": None}


def test_tail_shows_the_last_lines_of_what_is_asked_for(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    old = _answer(at=NOW - dt.timedelta(hours=5))
    answers = [old, *(_answer(at=NOW + dt.timedelta(milliseconds=place)) for place in range(5))]
    _log(project, *answers, _told(old.id, label="Yes"))
    where = ["--project", str(project.root)]
    lines = _run(["events", "tail", "-n", "3", "--stream", "predictions", *where], capsys)[1].splitlines()
    assert [line.split()[2] for line in lines] == [answer.id for answer in answers[-3:]]
    recent = _run(["events", "tail", "--since", "2h", "--stream", "predictions", *where], capsys)[1].splitlines()
    assert len(recent) == 5
    as_json = _run(["events", "tail", "-n", "1", "--stream", "feedback", "--json", *where], capsys)[1]
    assert json.loads(as_json)["mainstay.label"] == "Yes"
    assert "holds no such event" in _run(["events", "tail", "--stream", "actions", *where], capsys)[2]
    assert _run(["events", "tail", "--since", "soon", *where], capsys)[0] == 2
