"""`events windows`: what was answered, window by window."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner

from mainstay import lifecycle
from mainstay.cli.events_windows import events_windows
from mainstay.errors import InputError, NotFoundError
from mainstay.events import Feedback, IdMaker, Kpi, Prediction, Refusal
from mainstay.release import open_books
from mainstay.render.terminal import print_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.project import Project

HOUR = dt.timedelta(hours=1)
START = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
NOW = START + dt.timedelta(days=5)


def answer(at: dt.datetime, **changes: object) -> Prediction:
    digits = f"{int(at.timestamp() * 1000):012x}"
    plain: dict[str, object] = {
        "id": f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000",
        "at": at,
        "model": "churn",
        "version": 1,
        "role": "champion",
        "score": 0.25,
        "prediction": "No",
        "decision": "none",
        "features": {"tenure": 3, "charge": 30.0, "plan": "basic"},
        "duration": 2_000_000,
    }
    return Prediction(**(plain | changes))  # type: ignore[arg-type]


@pytest.fixture
def served(two: Project, configure: Callable[[Project, str], Project]) -> Project:
    """Three days of a hundred answers each; on the third half of them are of version 2, and degraded."""
    project = configure(two, '[data]\nsource = "rows.csv"\ntarget = "Churn"\nsegments = ["plan"]')
    lifecycle.release(project, 1, reason="first", by="anna")
    make = IdMaker()
    with open_books(project) as books:
        for day in range(3):
            for place in range(100):
                late = day == 2 and place % 2 == 0
                at = START + day * 24 * HOUR + place * HOUR / 10
                made = answer(
                    at,
                    version=2 if late else 1,
                    degraded=late,
                    consumer="shop" if place < 30 else "",
                    features={"tenure": 3, "charge": 30.0, "plan": "full" if place < 10 else "basic"},
                )
                books.log.append("predictions", [made])
                if place < 40:
                    told = Feedback(
                        id=made.id,
                        event=make(),
                        model="churn",
                        received=NOW,
                        at=at,
                        label="Yes" if place < 10 else "No",
                        kpis=(Kpi("revenue", 50.0),),
                        followed=place < 20,
                    )
                    books.log.append("feedback", [told])
        books.log.append("refusals", [Refusal(id="r", at=START, model="churn", status=422, cause="fields")])
    return project


def test_a_day_is_a_window(served: Project) -> None:
    figures = lifecycle.windows(served, now=NOW).figures
    assert [each.since for each in figures] == [START + day * 24 * HOUR for day in range(3)]
    assert [(each.lines, each.answers, each.refused) for each in figures] == [
        (100, 100.0, 1),
        (100, 100.0, 0),
        (100, 100.0, 0),
    ]
    first, last = figures[0], figures[-1]
    assert (first.labelled.value, first.outcomes["Yes"].value, first.outcomes["Yes"].n) == (0.4, 0.25, 40)
    assert (first.followed.value, first.followed.n) == (0.5, 40)
    assert first.score.value == 0.25
    assert first.p99_ms == pytest.approx(2.0, rel=0.012)
    assert first.kpis["revenue"].value == 50.0
    assert last.degraded.value == 0.5
    assert last.degraded.interval is not None
    assert last.degraded.interval.low < 0.5 < last.degraded.interval.high


def test_answers_are_counted_apart(served: Project) -> None:
    last = {"since": START + 48 * HOUR, "now": NOW}
    by = {what: lifecycle.windows(served, by=what, **last).figures for what in ("version", "consumer", "segment:plan")}  # type: ignore[arg-type]
    assert [(each.group, each.lines) for each in by["version"]] == [("version 1", 50), ("version 2", 50)]
    assert [(each.group, each.lines) for each in by["consumer"]] == [("no key", 70), ("shop", 30)]
    found = [(each.group, each.lines, each.labelled.value) for each in by["segment:plan"]]
    assert found == [("plan basic", 90, pytest.approx(1 / 3)), ("plan full", 10, 1.0)]


def test_a_window_may_be_so_many_answers(served: Project) -> None:
    figures = lifecycle.windows(served, now=NOW, answers=120).figures
    assert [each.lines for each in figures] == [120, 120]
    assert figures[0].until == figures[1].since
    assert lifecycle.windows(served, now=NOW, answers=301).figures == ()


def test_the_first_and_the_last_window_are_cut_where_asked(served: Project) -> None:
    since, until = START + 5 * HOUR, START + 27 * HOUR
    figures = lifecycle.windows(served, now=NOW, since=since, until=until).figures
    assert [(each.since, each.until, each.lines) for each in figures] == [
        (since, START + 24 * HOUR, 50),
        (START + 24 * HOUR, until, 30),
    ]


def test_what_cant_be_asked_is_told(served: Project) -> None:
    with pytest.raises(InputError, match="no declared segment") as told:
        lifecycle.windows(served, now=NOW, by="segment:tenure")
    assert "plan" in told.value.cure
    with pytest.raises(InputError, match="by 'moon'"):
        lifecycle.windows(served, now=NOW, by="moon")
    with pytest.raises(InputError, match="windows"):
        lifecycle.windows(served, now=NOW, every=dt.timedelta(seconds=1))
    assert lifecycle.windows(served, now=NOW, since=NOW - HOUR).figures == ()


def test_before_anything_is_released_there_is_nothing(two: Project) -> None:
    with pytest.raises(NotFoundError):
        lifecycle.windows(two, now=NOW)


def test_it_is_drawn_with_intervals_and_counts(
    served: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    found = lifecycle.windows(served, now=NOW, by="version")
    print_document(lifecycle.windows_document(found))
    printed = capsys.readouterr().out
    assert "version 2" in printed
    assert "(n 50)" in printed.replace("\u202f", " ")
    assert msgspec.json.decode(msgspec.json.encode(found.figures))[1]["lines"] == 100


def test_windows_within_a_minute_are_told_apart(served: Project, capsys: pytest.CaptureFixture[str]) -> None:
    found = lifecycle.windows(served, now=NOW, since=START, until=START + HOUR, every=dt.timedelta(seconds=30))
    print_document(lifecycle.windows_document(found))
    printed = capsys.readouterr().out
    assert f"{START:%H:%M:%S}" in printed
    assert f"{START + dt.timedelta(seconds=30):%H:%M:%S}" in printed


def test_the_command_prints_tables_or_json_or_says_that_there_is_nothing(served: Project) -> None:
    here = ["--project", str(served.root)]
    span = ["--since", START.isoformat(), "--until", (START + 48 * HOUR).isoformat()]
    run = CliRunner().invoke
    printed = run(events_windows, [*here, *span, "--json"])
    assert [each["lines"] for each in msgspec.json.decode(printed.stdout)] == [100, 100]
    assert "What is known of it" in run(events_windows, [*here, *span]).stdout
    nothing = run(events_windows, [*here, "--since", (START + 99 * 24 * HOUR).isoformat()])
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "nothing was answered in this span" in nothing.stderr
    wrong = run(events_windows, [*here, "--every", "soon"])
    assert wrong.exit_code == 2
    assert "15m, 6h, 1d" in wrong.stderr
