"""The law: the summary of any window from stored profiles is the summary of a raw scan of the log."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contract import Category, Contract, Integer, profile_rows
from mainstay.events import EventLog, Feedback, Kpi, Prediction, Refusal, encode_events
from mainstay.events.profiles import Lens, Profiles, View, merge
from mainstay.events.profiles.material import Material
from mainstay.events.profiles.summarize import summarize
from mainstay.events.window import take_window
from mainstay.models.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.events.profiles import Profile
    from mainstay.events.records import Event

CONTRACT = Contract((Integer(name="tenure", min=0, max=100, missing="allow"), Category(name="plan", values=("a", "b"))))
START = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)
HOURS = 6
WHOLE_SPAN = START - dt.timedelta(days=1), START + dt.timedelta(days=20)
TASK = Task(kind="binary", target="churned", positive="Yes", negative="No")


def _quantities(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    return {"gain": frame["score"].to_numpy() * np.pi, "loss": np.full(frame.height, np.nan)}


def make_lens(**changes: object) -> Lens:
    rng = np.random.default_rng(1)
    encoded = np.column_stack([rng.integers(0, 100, 500).astype(float), rng.integers(0, 2, 500).astype(float)])
    view = View(CONTRACT, profile_rows(CONTRACT, encoded))
    named: dict[str, object] = {
        "view": {1: view, 2: view}.get,
        "version": 1,
        "segments": ("plan", "tenure"),
        "quantities": _quantities,
    }
    return Lens("m", CONTRACT, TASK, **(named | {"mark": "one"} | changes))  # type: ignore[arg-type]


def raw(log: EventLog, lens: Lens, since: dt.datetime, until: dt.datetime) -> Profile:
    """Summarise a plain scan of the whole log, read without any catalogue."""
    window = take_window(log, CONTRACT, TASK, *WHOLE_SPAN, model="m")
    inside = (pl.col("time") >= since) & (pl.col("time") < until)
    frame = window.frame.filter(inside)
    numbers = window.kpis.join(frame.select("id"), on="id", how="semi", maintain_order="left")
    return summarize(Material(frame, numbers, window.refusals.filter(inside)), lens)


def name_at(seconds: float, tail: int) -> str:
    """Make the id that an answer of that moment would have had."""
    digits = f"{int((START.timestamp() + seconds) * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{tail:012x}"


@st.composite
def answers(draw: st.DrawFn, tail: int) -> Prediction:
    seconds = draw(st.floats(0, HOURS * 3600 - 1)) if draw(st.booleans()) else 3600.0 * draw(st.integers(1, HOURS - 1))
    made = max(seconds - draw(st.sampled_from((0.0, 0.4, 70.0))), 0.0)
    role = draw(st.sampled_from(("champion", "canary", "shadow")))
    name = f"odd-{tail}" if draw(st.integers(0, 9)) == 0 else name_at(made, tail)
    return Prediction(
        id=name,
        at=START + dt.timedelta(seconds=seconds),
        model="m",
        version=draw(st.sampled_from((1, 2, 7))),
        role=role,
        score=draw(st.floats(0, 1)),
        prediction="No",
        decision=draw(st.sampled_from(("none", "offer"))),
        features={"tenure": draw(st.none() | st.integers(0, 100)), "plan": draw(st.sampled_from(("a", "b")))},
        duration=draw(st.none() | st.integers(0, 10**9)),
        share=draw(st.sampled_from((1.0, 0.5))),
        degraded=draw(st.booleans()),
        consumer=draw(st.sampled_from(("", "shop"))),
        answer=name_at(made, 10**6 + tail) if role == "shadow" else None,
        control=draw(st.booleans()),
        sampled=draw(st.sampled_from((1.0, 0.1, 0.3))),
    )


@st.composite
def outcomes(draw: st.DrawFn, names: Sequence[str], tail: int) -> Feedback:
    at = START + dt.timedelta(seconds=draw(st.integers(0, HOURS * 3600)))
    return Feedback(
        id=draw(st.sampled_from((*names, "stranger"))),
        event=name_at(0.0, tail),
        model="m",
        received=START + dt.timedelta(hours=HOURS, seconds=draw(st.integers(0, 10**6))),
        at=at,
        label=draw(st.sampled_from(("Yes", "No", None))),
        kpis=tuple(Kpi(name, draw(st.floats(-1e9, 1e9))) for name in draw(st.sampled_from(((), ("revenue",))))),
        followed=draw(st.sampled_from((None, True, False))),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[list[tuple[str, Event]]]:
    """Draw turns of what is written between two looks: answers, outcomes in any order, retries, refusals."""
    told: list[Prediction] = []
    turns: list[list[tuple[str, Event]]] = []
    for turn in range(draw(st.integers(1, 3))):
        events: list[tuple[str, Event]] = []
        for place in range(draw(st.integers(0, 8))):
            told.append(draw(answers(100 * turn + place)))
            events.append(("predictions", told[-1]))
        names = [each.answer or each.id for each in told]
        events += [("feedback", draw(outcomes(names, 10**7 + 100 * turn + i))) for i in range(draw(st.integers(0, 8)))]
        retried: bool = draw(st.booleans())
        if told and retried:
            again = draw(st.sampled_from(told))  # a retry that another worker logged, too
            later = again.at + dt.timedelta(seconds=draw(st.sampled_from((0, 1, 299))))
            events.append(("predictions", msgspec.structs.replace(again, at=later)))
        if draw(st.booleans()):
            at = START + dt.timedelta(seconds=draw(st.integers(0, HOURS * 3600)))
            events.append(("refusals", Refusal(id=f"r{turn}", at=at, model="m", status=422, cause="fields")))
        turns.append(events)
    return turns


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(histories(), st.lists(st.floats(0, HOURS * 3600), min_size=2, max_size=2, unique=True), st.data())
def test_a_sum_of_stored_profiles_is_a_raw_scan(
    folder: Path, turns: list[list[tuple[str, Event]]], ends: list[float], data: st.DataObject
) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    log, lens = EventLog(folder), make_lens()
    since, until = (START + dt.timedelta(seconds=second) for second in sorted(ends))
    for number, events in enumerate(turns):
        writers = {stream: log.writer(stream, f"w{number}") for stream, _ in events}  # type: ignore[arg-type]
        for stream, event in events:
            if data.draw(st.booleans()):
                log.append(stream, [event])  # type: ignore[arg-type]
            else:
                writers[stream].append(encode_events([event]))
        for writer in writers.values():
            writer.close()
        profiles = Profiles(log, lens)
        assert profiles.refresh()
        for begin, end in ((since, until), WHOLE_SPAN):
            assert profiles.window(begin, end) == raw(log, lens, begin, end)
        cut = since + (until - since) / 2
        assert merge(profiles.window(cut, until), profiles.window(since, cut)) == profiles.window(since, until)
        again = Profiles(log, lens)
        assert again.refresh()
        assert again.computed == ()
    log.close()
