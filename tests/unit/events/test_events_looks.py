"""What looks found is remembered, and is the same as what the log says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from mainstay.events import EventLog, Found, IdMaker, found_since
from mainstay.events.looks import last_before, looks
from mainstay.events.table.shipping import ship
from mainstay.measures.finding import Finding

if TYPE_CHECKING:
    from pathlib import Path

START = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
make = IdMaker()


def look(hour: int, *, ok: bool | None = True, at: dt.datetime | None = None, model: str = "m") -> list[Found]:
    since = START + hour * HOUR
    findings = [Finding(measure="psi", where=name, value=1.0, ok=ok, group="drift") for name in ("age", "plan")]
    return [
        Found(event=make(), at=at or since + HOUR, model=model, finding=each, since=since, until=since + HOUR)
        for each in findings
    ]


def said(log: EventLog) -> tuple[set[str], set[str]]:
    """Say what the log itself holds: of the last window, and what failed or is of the newest look."""
    every = [found for found in found_since(log, model="m") if found.until is not None]
    until = max(found.until for found in every if found.until)
    at = max(found.at for found in every)
    last = {found.event for found in every if found.until == until}
    return last, {found.event for found in every if found.finding.failed or found.at == at}


def remembered(log: EventLog) -> tuple[set[str], set[str]]:
    now = looks(log)
    noteworthy = now.noteworthy("m", START - HOUR)
    assert [found.at for found in noteworthy] == sorted(found.at for found in noteworthy)
    return {found.event for found in now.last_of("m")}, {found.event for found in noteworthy}


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events")


def test_what_is_remembered_is_what_the_log_says(log: EventLog) -> None:
    assert looks(log).last_of("m") == ()
    for hour in range(6):
        log.append("findings", look(hour, ok=hour != 2))
        log.append(
            "findings", [Found(event=make(), at=START, model="m", finding=Finding(measure="x", where="all", value=1.0))]
        )
        assert remembered(log) == said(log)
    log.append("findings", look(9, model="other"))
    log.append("findings", look(3, at=START + 20 * HOUR))  # looked at late, under a clock that was set back
    assert remembered(log) == said(log)
    log.close()


def test_it_stays_so_when_the_findings_are_shipped(log: EventLog) -> None:
    for hour in range(4):
        log.append("findings", look(hour, ok=hour != 1))
    before = remembered(log)
    log.close()
    ship(log, contract_of=lambda _: None)
    for path in log.segments("findings"):
        path.unlink()
    assert remembered(log) == before == said(log)
    (log.root / "profiles" / "looks.json").unlink()
    assert remembered(log) == before
    log.append("findings", look(7, ok=False))
    assert remembered(log) == said(log)
    log.close()


@pytest.mark.parametrize("damage", [b"", b"null", b'{"form":7}', b"\xff"])
def test_a_damaged_memory_is_made_anew(log: EventLog, damage: bytes) -> None:
    log.append("findings", [*look(1, ok=False), *look(2)])
    before = remembered(log)
    (log.root / "profiles" / "looks.json").write_bytes(damage)
    assert remembered(log) == before
    log.close()


def test_a_torn_line_is_read_when_it_is_whole(log: EventLog) -> None:
    log.append("findings", look(1))
    (path,) = log.segments("findings")
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.truncate(len(whole) - 20)
    assert len(looks(log).last_of("m")) == 1
    with path.open("r+b") as file:
        file.seek(0, 2)
        file.write(whole[-20:])
    assert len(looks(log).last_of("m")) == 2
    log.close()


def before(log: EventLog, moment: dt.datetime) -> set[str]:
    """Say what all that the log holds says of the last look before a moment."""
    every = [found for found in found_since(log, model="m") if found.until is not None and found.at < moment]
    until = max((found.until for found in every if found.until), default=None)
    return {found.event for found in every if found.until == until}


@pytest.mark.parametrize("hour", [-1, 0, 1, 4, 5, 100, 149, 151, 3000, 9000])
def test_the_last_look_before_a_moment_is_found_by_reading_backwards(log: EventLog, hour: int) -> None:
    for each in (0, 3, 4, 150, 9500):
        log.append("findings", look(each))
        log.append("findings", look(each, model="other"))
    log.append("findings", look(2, at=START + 100 * HOUR))  # looked at late: it ended before others that were
    log.close()
    moment = START + hour * HOUR + HOUR / 2
    assert {found.event for found in last_before(log, "m", moment)} == before(log, moment)
    ship(log, contract_of=lambda _: None)
    assert {found.event for found in last_before(log, "m", moment)} == before(log, moment)
    assert {found.event for found in last_before(log, "m", START + 9999 * HOUR)} == before(log, START + 9999 * HOUR)
